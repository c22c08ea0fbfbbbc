// The worklist: exams by probability, and why files were excluded.

export function made(tag, properties = {}, ...children) {
  const one = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in one) one[name] = value;
    else one.setAttribute(name, value);
  }
  one.append(...children.filter((child) => child !== null));
  return one;
}

export const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

// Head and body of the table of all exams, the likeliest first; null where there is none. `render` is called when another
// label is chosen to sort by.
export function worklist(uploads, sort, render) {
  const exams = uploads.flatMap((upload) => (upload.exams ?? []).map((exam) => ({ upload, exam })));
  if (exams.length === 0) return null;
  const labels = [...new Set(uploads.flatMap((upload) => (upload.exams?.length ? upload.labels ?? [] : [])))];
  const by = labels.includes(sort.by) ? sort.by : labels[0];
  const of = ({ exam }) => exam.probabilities?.[by] ?? -1;
  exams.sort((a, b) => of(b) - of(a));
  const several = new Set(uploads.map((upload) => upload.bundle)).size > 1;
  const has = (name) => exams.some(({ exam }) => (name === 'unlike' ? exam.unlike_training !== undefined && exam.unlike_training !== null : exam[name]));
  const columns = { bundle: several, triage: has('triage'), unlike: has('unlike') };
  const head = (label) => {
    const cell = made('th', { scope: 'col', className: 'number' });
    if (!render) cell.append(label);
    else {
      if (label === by) cell.setAttribute('aria-sort', 'descending');
      const button = made('button', { type: 'button', title: `Sort by ${label}`, 'data-label': label }, label);
      button.addEventListener('click', () => {
        sort.by = label;
        render();
        document.querySelector(`[data-label="${CSS.escape(label)}"]`)?.focus();
      });
      cell.append(button);
    }
    return cell;
  };
  const plain = (text, number = false) => made('th', { scope: 'col', className: number ? 'number' : '' }, text);
  return [
    made('caption', {}, render ? 'Probability of each label, the likeliest exam first; in bold what its threshold calls positive.' : 'Probability of each label; in bold what its threshold calls positive.'),
    made('thead', {}, made('tr', {}, plain('exam'), ...labels.map(head), columns.triage ? plain('triage') : null, columns.unlike ? plain('training data') : null, plain('slices', true), plain('excluded', true), columns.bundle ? plain('model') : null)),
    made('tbody', {}, ...exams.map(({ upload, exam }) => row(upload, exam, labels, columns, render !== null))),
  ];
}

function row(upload, exam, labels, columns, linked) {
  const name = exam.name || `Exam ${exam.number + 1}`;
  const title = linked ? made('a', { href: `#${upload.id}/${exam.number}` }, name) : name;
  const probability = (label) => {
    const value = exam.probabilities?.[label];
    const positive = exam.positive?.[label];
    if (value === undefined || value === null) return made('td', { className: 'number' }, '–');
    return made('td', { className: positive ? 'number called' : 'number' }, value.toFixed(3), positive ? made('span', { className: 'hidden' }, ' positive') : null);
  };
  const triage = made('td', {}, exam.triage ? made('span', { className: `badge ${exam.triage}` }, exam.triage) : '–');
  const unlike = exam.unlike_training ?? [];
  const flag = made('td', {}, unlike.length > 0 ? made('span', { className: 'badge unlike' }, `unlike: ${unlike.join(', ')}`) : 'alike');
  return made('tr', {}, made('th', { scope: 'row' }, title), ...labels.map(probability), columns.triage ? triage : null, columns.unlike ? flag : null, made('td', { className: 'number' }, String(exam.slices)), made('td', { className: 'number' }, String(exam.excluded ?? 0)), columns.bundle ? made('td', {}, upload.bundle) : null);
}

// Files that were not predicted, by reason; empty where there is none.
export function reasons(excluded, open) {
  if (excluded.length === 0) return '';
  const by = new Map();
  for (const { file, frame, reason } of excluded) {
    const name = frame > 0 ? `${file} (frame ${frame})` : file;
    by.set(reason, [...(by.get(reason) ?? []), name]);
  }
  const shown = (names) => (names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', '));
  const items = [...by].map(([reason, names]) => made('li', {}, made('strong', {}, reason), `: ${shown(names)}`));
  return made('details', { open }, made('summary', {}, `${counted(excluded.length, 'file or slice', 'files and slices')} excluded`), made('ul', { className: 'reasons' }, ...items));
}
