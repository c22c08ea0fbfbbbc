// The page where files are dropped: uploads, the worklist of their exams, and one exam in the viewer.
import { Viewer } from './viewer.js';
import { chosen, dropped, uploads as packed } from './files.js';
import { follow, get, remove, send } from './api.js';
import { counted, made, reasons, worklist } from './worklist.js';

// What one upload holds at most; the server's own limits are higher unless somebody lowered them.
const LIMITS = { most: 4000, bytes: 2 ** 31 };

const element = (id) => document.getElementById(id);
const uploads = new Map();
const sort = { by: null };
let viewer = null;
let busy = 0;

function say(text, bad = false) {
  element('said').textContent = text;
  element('said').classList.toggle('bad', bad);
}

// Uploads

async function take(files) {
  if (files.length === 0) return say('There is no file in what was dropped.', true);
  say('');
  const bundle = element('bundle').value;
  for (const some of packed(files, LIMITS)) {
    const key = `sending-${(busy += 1)}`;
    const upload = { id: null, state: 'sending', sent: 0, files: some.length, bundle };
    uploads.set(key, upload);
    render();
    try {
      const id = await send(some, bundle, (sent, of) => { Object.assign(upload, { sent, of }); renderUploads(); });
      uploads.delete(key);
      watch(id, { id, state: 'queued', received: { files: some.length } });
    } catch (error) {
      uploads.delete(key);
      say(error.message, true);
    }
    render();
  }
}

function watch(id, first) {
  uploads.set(id, first);
  if (first.state === 'done' || first.state === 'failed') return whole(id);
  first.stop = follow(id, (state) => {
    if (!uploads.has(id)) return;
    if (state === null) return whole(id);
    Object.assign(uploads.get(id), state);
    if (state.state === 'done' || state.state === 'failed') whole(id);
    render();
  });
}

// The slices, which events leave out.
async function whole(id) {
  try {
    Object.assign(uploads.get(id), await get(`/v1/exams/${encodeURIComponent(id)}`));
    const upload = uploads.get(id);
    const exams = upload.exams?.length ?? 0;
    if (upload.state !== 'failed' && upload.state !== 'done') {
      // The events broke off before the end.
      setTimeout(() => { if (uploads.has(id)) watch(id, upload); }, 2000);
      return render();
    }
    if (upload.state === 'failed') say(upload.message ?? 'The upload failed.', true);
    else if (exams > 0) say(`${counted(exams, 'exam', 'exams')} predicted.`);
    else say(`Nothing can be predicted of this: ${excludedOf(upload)[0]?.reason ?? 'there is no file in it'}.`, true);
  } catch (error) {
    uploads.delete(id);
    say(error.message, true);
  }
  render();
  route();
}

async function forget(id) {
  uploads.get(id)?.stop?.();
  try {
    await remove(id);
    say('Deleted: the server has nothing of it any more.');
  } catch (error) {
    say(error.message, error.status !== 404 && error.status !== 410);
  }
  uploads.delete(id);
  if (location.hash.startsWith(`#${id}/`)) location.hash = '';
  render();
  element('choose-files').focus();
}

// Drawing

const excludedOf = (upload) => [...(upload.other_files ?? []), ...(upload.slices ?? []).filter((slice) => slice.status === 'excluded')];

const STATES = { sending: 'sending', queued: 'waiting for its turn', reading: 'reading files', predicting: 'predicting', done: 'done', failed: 'failed' };

// A box is made again only when more than its progress changed, so that a keyboard stays on its button.
function renderUploads() {
  const boxes = [...uploads.values()].reverse().map((upload) => {
    const { id, state, message, exams, slices, received } = upload;
    const shows = JSON.stringify([id, state, message, exams?.length, slices?.length, received]);
    if (upload.shows !== shows) Object.assign(upload, { shows, box: uploadBox(upload) });
    const progress = upload.box.querySelector('progress');
    const [value, max] = state === 'sending' ? [upload.sent, upload.of] : [upload.progress?.done, upload.progress?.of];
    if (progress && max > 0) Object.assign(progress, { max, value });
    return upload.box;
  });
  const place = element('uploads');
  if (boxes.length !== place.children.length || boxes.some((box, at) => place.children[at] !== box)) place.replaceChildren(...boxes);
}

function uploadBox(upload) {
  const { id, state, received } = upload;
  const box = made('div', { className: 'upload', role: 'group', 'aria-label': 'Upload' });
  const files = counted(received?.files ?? upload.files ?? 0, 'file', 'files');
  const exams = state === 'done' ? ` · ${counted(upload.exams?.length ?? 0, 'exam', 'exams')}` : '';
  const text = made('p', state === 'failed' ? { className: 'bad' } : {}, `${files}${upload.bundle ? ` · ${upload.bundle}` : ''} · ${STATES[state] ?? state}${exams}${upload.message ? `: ${upload.message}` : ''}`);
  const button = made('button', { type: 'button', hidden: id === null }, 'Delete', made('span', { className: 'hidden' }, ` upload of ${files}`));
  button.addEventListener('click', () => forget(id));
  box.append(made('div', { className: 'controls' }, text, button));
  if (state !== 'done' && state !== 'failed') {
    box.append(made('progress', { 'aria-label': STATES[state] ?? 'working' }));
  }
  box.append(reasons(excludedOf(upload), (upload.exams?.length ?? 0) === 0));
  return box;
}

function render() {
  renderUploads();
  const table = worklist([...uploads.values()], sort, render);
  element('worklist').hidden = table === null;
  if (table) element('exams').replaceChildren(...table);
}

// One exam

async function route() {
  const [id, number] = location.hash.slice(1).split('/');
  const upload = uploads.get(decodeURIComponent(id));
  const exam = upload?.exams?.find((exam) => String(exam.number) === number);
  const isOpen = Boolean(exam);
  element('list').hidden = isOpen;
  element('exam').hidden = !isOpen;
  viewer?.close();
  viewer = null;
  if (!isOpen) return;
  element('exam-title').textContent = exam.name || `Exam ${exam.number + 1}`;
  element('exam-title').focus();
  element('exam-delete').onclick = () => forget(upload.id);
  const table = worklist([{ ...upload, exams: [exam] }], { by: null }, null);
  element('exam-answer').replaceChildren(made('div', { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'What was predicted of the exam' }, made('table', { className: 'exams' }, ...table)));
  const own = new Set((exam.series ?? []).flat());
  const excluded = (upload.slices ?? []).filter((slice, at) => own.has(at) && slice.status === 'excluded');
  element('exam-excluded').replaceChildren(reasons(excluded, false));
  try {
    const view = await get(`/v1/exams/${encodeURIComponent(upload.id)}/exams/${exam.number}/view`);
    viewer = new Viewer(element('viewer'), view);
    element('viewer').viewer = viewer;
  } catch (error) {
    element('viewer').replaceChildren(made('p', { className: 'said bad' }, error.message));
  }
}

// What the page does when it is used

function listen() {
  const place = element('drop');
  for (const kind of ['dragenter', 'dragover']) {
    addEventListener(kind, (event) => { event.preventDefault(); place.classList.add('over'); });
  }
  addEventListener('dragleave', (event) => { if (!event.relatedTarget) place.classList.remove('over'); });
  addEventListener('drop', async (event) => {
    event.preventDefault();
    place.classList.remove('over');
    try {
      await take(await dropped(event.dataTransfer));
    } catch {
      say('What was dropped cannot be read. Choose the folder with the button.', true);
    }
  });
  place.addEventListener('submit', (event) => event.preventDefault());
  for (const kind of ['files', 'folder']) {
    element(`choose-${kind}`).addEventListener('click', () => element(kind).click());
    element(kind).addEventListener('change', async (event) => {
      const files = chosen(event.target.files);
      event.target.value = '';
      await take(files);
    });
  }
  addEventListener('hashchange', route);
}

async function start() {
  listen();
  try {
    const { bundles } = await get('/v1/bundles');
    element('bundle').replaceChildren(...bundles.map(({ name, title }) => made('option', { value: name }, title && title !== name ? `${name}: ${title}` : name)));
    element('bundle-field').hidden = bundles.length < 2;
    const kept = await get('/v1/exams');
    for (const upload of kept.exams ?? kept) watch(upload.id, upload);
  } catch (error) {
    say(error.message, true);
  }
  render();
}

start();
