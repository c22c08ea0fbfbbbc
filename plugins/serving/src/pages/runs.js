// The table of runs: found, sorted, and read again while one is at work.
import { get } from './api.js';
import { counted, made } from './worklist.js';

const AGAIN_MS = 3000;
const COLUMNS = [
  { key: 'name', head: 'run', of: (run) => run.name, ascending: true },
  { key: 'state', head: 'state', of: (run) => run.state.is, ascending: true },
  { key: 'score', head: 'weighted log loss', of: (run) => run.weighted_log_loss, ascending: true, number: true },
  { key: 'auroc', head: 'AUROC', of: (run) => run.auroc, ascending: false, number: true },
  { key: 'seconds', head: 'time', of: (run) => run.seconds, ascending: false, number: true },
  { key: 'started', head: 'started', of: (run) => begun(run), ascending: false },
];
const FILES = [['report.html', 'report'], ['recipe.resolved.toml', 'recipe'], ['metrics.json', 'metrics'], ['provenance.json', 'provenance'], ['history.csv', 'history']];

const one = (id) => document.getElementById(id);
let runs = [];
let sort = { key: 'started', ascending: false };

// A run's directory begins with the time it was made at.
const begun = (run) => run.name.split(/[/\\]/).at(-1);
const words = (state) => state.replace('-', ' ');

function duration(seconds) {
  if (seconds === null) return '–';
  if (seconds < 60) return `${seconds.toFixed(0)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function measured(value, interval) {
  if (value === null) return '–';
  return interval ? `${value.toFixed(4)} [${interval.low.toFixed(4)}, ${interval.high.toFixed(4)}]` : value.toFixed(4);
}

function compared(a, b) {
  const column = COLUMNS.find((one) => one.key === sort.key);
  const [left, right] = [column.of(a), column.of(b)];
  // What has no value comes last, whichever way the others stand.
  if (left === null || right === null) return (left === null) - (right === null);
  const order = left < right ? -1 : left > right ? 1 : 0;
  return sort.ascending ? order : -order;
}

function head(column) {
  const cell = made('th', { scope: 'col', className: column.number ? 'number' : '' });
  if (column.key === sort.key) cell.setAttribute('aria-sort', sort.ascending ? 'ascending' : 'descending');
  const button = made('button', { type: 'button', 'data-key': column.key }, column.head);
  button.addEventListener('click', () => {
    sort = { key: column.key, ascending: column.key === sort.key ? !sort.ascending : column.ascending };
    show();
    document.querySelector(`[data-key="${column.key}"]`).focus();
  });
  cell.append(button);
  return cell;
}

function row(run) {
  const differs = Object.entries(run.differs).map(([key, value]) => `${key} = ${value}`);
  const shown = differs.length > 4 ? `${differs.slice(0, 4).join(' · ')} and ${differs.length - 4} more` : differs.join(' · ');
  const said = run.state.reason ?? run.state.at ?? '';
  const path = run.name.split(/[/\\]/).map(encodeURIComponent).join('/');
  const links = run.state.is === 'damaged' ? [] : FILES.filter(([file]) => file !== 'report.html' || run.state.is === 'done');
  return made('tr', {},
    made('th', { scope: 'row' }, run.name, run.title ? made('span', { className: 'title' }, run.title) : null, shown ? made('span', { className: 'differs' }, shown) : null),
    made('td', {}, made('span', { className: `badge ${run.state.is}` }, words(run.state.is)), said ? made('span', { className: 'differs' }, said) : null),
    made('td', { className: 'number' }, measured(run.weighted_log_loss, run.weighted_log_loss_interval)),
    made('td', { className: 'number' }, measured(run.auroc, run.auroc_interval)),
    made('td', { className: 'number' }, duration(run.seconds)),
    made('td', { className: 'when' }, run.started ? run.started.slice(0, 16).replace('T', ' ') : '–'),
    made('td', { className: 'files' }, ...links.map(([file, name]) => made('a', { href: `/runs/${path}/${file}` }, name))));
}

function show() {
  const text = one('text').value.trim().toLowerCase();
  const state = one('state').value;
  const fits = (run) => (!state || run.state.is === state) && `${run.name}\n${run.title}`.toLowerCase().includes(text);
  const shown = runs.filter(fits).sort(compared);
  one('said').textContent = runs.length === 0 ? 'There are no runs here yet.' : shown.length < runs.length ? `${shown.length} of ${counted(runs.length, 'run', 'runs')}` : '';
  one('said').className = 'said';
  if (runs.length === 0) return;
  one('runs').replaceChildren(
    made('caption', {}, 'Validation scores with 95 % intervals over patients; below each name its title and the settings in which runs of its recipe differ.'),
    made('thead', {}, made('tr', {}, ...COLUMNS.map(head), made('th', { scope: 'col' }, 'files'))),
    made('tbody', {}, ...shown.map(row)));
}

function states() {
  const chosen = one('state').value;
  const names = [...new Set(runs.map((run) => run.state.is))].sort();
  one('state').replaceChildren(made('option', { value: '' }, 'all'), ...names.map((name) => made('option', { value: name, selected: name === chosen }, words(name))));
}

async function read() {
  try {
    const found = await get('/v1/runs');
    // Drawn again only where something changed, so that what a keyboard or a reader stands on stays.
    if (JSON.stringify(found) !== JSON.stringify(runs) || found.length === 0) {
      runs = found;
      states();
      show();
    }
  } catch (error) {
    one('said').textContent = error.message;
    one('said').className = 'said bad';
  }
  if (runs.some((run) => run.state.is === 'at-work')) setTimeout(read, AGAIN_MS);
}

one('find').addEventListener('submit', (event) => event.preventDefault());
one('text').addEventListener('input', show);
one('state').addEventListener('change', show);
read();
