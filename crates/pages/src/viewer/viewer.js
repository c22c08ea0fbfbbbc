// A viewer of CT slices: `new Viewer(element, view)`, where `view` is what crates/pages/src/viewer/description.rs says.
// Wheel, keys and touch scroll; dragging sets the window. No library, no build, no request but for what `view` names.

const make = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};
const SVG = 'http://www.w3.org/2000/svg';
const draw = (tag, attributes) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// Colours from cold to hot; they get lighter all the way, so that every kind of eye tells them apart.
const RAMP = [[20, 12, 60], [110, 25, 110], [200, 65, 75], [250, 145, 30], [252, 250, 160]];
function hot(value) {
  const place = clamp(value, 0, 1) * (RAMP.length - 1);
  const low = Math.min(Math.floor(place), RAMP.length - 2);
  return RAMP[low].map((part, index) => Math.round(part + (RAMP[low + 1][index] - part) * (place - low)));
}

// The colour of each of the 65,536 values that a pixel can have, as one number a pixel.
export function lookUpTable(center, width) {
  const table = new Uint32Array(65536);
  const low = center - width / 2;
  for (let hu = -32768; hu < 32768; hu += 1) {
    const grey = Math.round(255 * clamp((hu - low) / width, 0, 1));
    table[hu & 0xffff] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  return table;
}

// What `packed` of crates/pages/src/viewer/hu.rs made: all low bytes, then all high bytes.
export async function unpacked(text) {
  const compressed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = bytes.length / 2;
  const hu = new Int16Array(count);
  for (let place = 0; place < count; place += 1) hu[place] = bytes[place] | (bytes[count + place] << 8);
  return hu;
}

async function picture(address) {
  const image = new Image();
  image.src = address.startsWith('#') ? document.querySelector(address).src : address;
  await image.decode();
  return image;
}

// Keeps what was loaded, nearest slices first: the one that is shown, then its neighbours, a few at once.
class Store {
  constructor(count, load, changed) {
    Object.assign(this, { count, load, changed, values: new Map(), failed: new Map(), waiting: new Set(), at: 0 });
  }

  get(index) { return this.values.get(index); }

  around(index, reach) {
    this.at = index;
    this.reach = reach;
    for (const kept of this.values.keys()) {
      if (Math.abs(kept - index) > Store.MOST) this.values.delete(kept);
    }
    this.next();
  }

  next() {
    for (let away = 0; away <= this.reach && this.waiting.size < 4; away += 1) {
      for (const index of away === 0 ? [this.at] : [this.at + away, this.at - away]) {
        const known = this.values.has(index) || this.failed.has(index) || this.waiting.has(index);
        if (index >= 0 && index < this.count && !known && this.waiting.size < 4) this.fetch(index);
      }
    }
  }

  async fetch(index) {
    this.waiting.add(index);
    try {
      this.values.set(index, await this.load(index));
    } catch (error) {
      this.failed.set(index, error.message);
    }
    this.waiting.delete(index);
    this.changed(index);
    this.next();
  }
}
// Slices on either side that stay in memory: 128 of 512 × 512 pixels are 64 MiB.
Store.MOST = 64;

export class Viewer {
  // `get` fetches an address and answers a Response; a page that must name itself to its server gives its own.
  constructor(place, view, { get = (address) => fetch(address), index = null } = {}) {
    Object.assign(this, { place, view, get, index: 0, label: view.label ?? 0, drag: null, rolled: 0, first: true });
    this.stopping = new AbortController();
    this.window = { ...view.windows[0], seen: false };
    this.table = lookUpTable(this.window.center, this.window.width);
    const redraw = (changed) => { if (changed === this.index) this.ask(); };
    this.hu = new Store(view.slices.length, (at) => this.loadHu(at), redraw);
    this.seen = new Store(view.slices.length, (at) => this.loadSeen(at), redraw);
    this.heat = new Map();
    const anyHeat = view.slices.some((slice) => slice.heat?.some((heat) => heat?.map));
    this.showsHeat = anyHeat;
    this.build();
    this.listen();
    this.chooseLabel(this.label);
    this.show(index ?? this.highest());
  }

  close() {
    this.stopping.abort();
    this.place.replaceChildren();
  }

  highest() {
    const of = (slice) => slice.probabilities?.[this.label] ?? -1;
    return this.view.slices.reduce((best, slice, at, all) => (of(slice) > of(all[best]) ? at : best), 0);
  }

  async loadHu(at) {
    const { hu, excluded } = this.view.slices[at];
    if (!hu) throw new Error(excluded ? `Excluded: ${excluded}` : 'The pixels of this slice could not be read.');
    if (hu.packed) return unpacked(hu.packed);
    const answer = await this.get(hu.url);
    if (!answer.ok) throw new Error(answer.status === 404 || answer.status === 410 ? 'The server no longer has this exam.' : `The server does not send this slice (${answer.status}).`);
    return new Int16Array(await answer.arrayBuffer());
  }

  async loadSeen(at) {
    const { seen } = this.view.slices[at];
    if (!seen) throw new Error('The network did not see this slice.');
    if (seen.startsWith('#') || seen.startsWith('data:')) return picture(seen);
    const answer = await this.get(seen);
    if (!answer.ok) throw new Error(`The server does not send this picture (${answer.status}).`);
    return createImageBitmap(await answer.blob());
  }

  build() {
    const { view } = this;
    const unique = `viewer-${(Viewer.count = (Viewer.count ?? 0) + 1)}`;
    this.unique = unique;
    this.canvas = make('canvas', { className: 'viewer-hu', 'aria-hidden': 'true' });
    this.context = this.canvas.getContext('2d', { alpha: false });
    this.heatCanvas = make('canvas', { className: 'viewer-heat', 'aria-hidden': 'true' });
    const corner = (name) => make('p', { className: `viewer-corner ${name}` });
    this.corners = { slice: corner('top-left'), place: corner('top-right'), pointer: corner('bottom-left'), window: corner('bottom-right') };
    this.sides = Object.fromEntries(['left', 'right', 'top', 'bottom'].map((side) => [side, make('span', { className: `viewer-side ${side}` })]));
    this.message = make('p', { className: 'viewer-message', role: 'status' });
    this.stage = make('div', { className: 'viewer-stage', tabIndex: 0, role: 'application', 'aria-label': `${view.title}: slice viewer`, 'aria-describedby': `${unique}-help` }, this.canvas, this.heatCanvas, ...Object.values(this.sides), ...Object.values(this.corners), this.message);
    this.slider = make('input', { type: 'range', className: 'viewer-slider', min: 1, max: view.slices.length, step: 1, 'aria-label': 'Slice' });
    this.strip = make('div', { className: 'viewer-strip' });
    this.spoken = make('p', { className: 'hidden', 'aria-live': 'polite' });

    this.labels = make('select', { id: `${unique}-label` }, ...view.labels.map((name, at) => make('option', { value: at }, name)));
    this.rows = view.labels.map((name) => {
      const [probability, call, truth] = [make('td', { className: 'number' }), make('td'), make('td')];
      return { probability, call, truth, row: make('tr', {}, make('th', { scope: 'row' }, name), probability, call, truth) };
    });
    this.hasTruth = view.slices.some((slice) => slice.truth?.length > 0);
    const heads = ['label', 'probability', 'call', 'truth'].map((name) => make('th', { scope: 'col', className: name === 'probability' ? 'number' : '' }, name));
    this.answers = make('table', { className: this.hasTruth ? 'viewer-answers' : 'viewer-answers without-truth' }, make('caption', {}, 'This slice'), make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...this.rows.map(({ row }) => row)));

    const named = view.windows.map((preset, at) => this.button(`${preset.name} ${preset.center}/${preset.width}`, () => this.choose(preset, false), `Key ${at + 1}`));
    this.presets = named.map((button, at) => ({ button, preset: view.windows[at] }));
    this.seenButton = view.seen ? this.button(view.seen, () => this.choose(this.window, true), 'Key 0') : null;
    const number = (name, min) => make('input', { type: 'number', id: `${unique}-${name}`, min, step: 1 });
    this.center = number('center', -32768);
    this.width = number('width', 1);
    const field = (control, text) => make('label', { htmlFor: control.id }, text, control);
    this.heatBox = make('input', { type: 'checkbox', id: `${unique}-heat`, checked: this.showsHeat });
    this.opacity = make('input', { type: 'range', id: `${unique}-opacity`, min: 0, max: 100, value: 60, 'aria-label': 'Opacity of the heat map' });
    this.hasHeat = view.slices.some((slice) => slice.heat?.some(Boolean));
    this.heatNote = make('span', { className: 'viewer-note', role: 'status' });
    this.heatRow = make('div', { className: 'viewer-row', hidden: !this.hasHeat }, make('label', { htmlFor: this.heatBox.id }, this.heatBox, 'Heat map'), this.opacity, this.heatNote);
    this.details = make('dl', { className: 'viewer-details' });
    const help = make('details', { className: 'viewer-help' }, make('summary', {}, 'Keys and pointer'), make('p', { id: `${unique}-help` },
      'Wheel, arrow keys, Page Up and Page Down, Home and End scroll, and so does a finger. Dragging sets the window: across its width, up and down its center; with Shift, arrow keys do. 1 to 9 choose a window, 0 what the network sees, H the heat map; I, J, K and L move the point whose HU is read.'));
    const panel = make('div', { className: 'viewer-panel' },
      make('div', { className: 'viewer-row' }, field(this.labels, 'Label ')), this.answers,
      make('div', { className: 'viewer-row', role: 'group', 'aria-label': 'Window' }, ...named, ...(this.seenButton ? [this.seenButton] : [])),
      make('div', { className: 'viewer-row' }, field(this.center, 'Center '), field(this.width, 'Width '), 'HU'),
      this.heatRow, this.details, help);
    this.place.replaceChildren(make('div', { className: 'viewer-main' }, this.stage, this.slider, this.strip), panel, this.spoken);
    this.place.setAttribute('role', 'group');
    this.place.setAttribute('aria-label', view.title);
  }

  button(text, act, title) {
    const button = make('button', { type: 'button', title }, text);
    button.addEventListener('click', act, { signal: this.stopping.signal });
    return button;
  }

  listen() {
    const on = (element, kind, act, options = {}) => element.addEventListener(kind, act, { ...options, signal: this.stopping.signal });
    on(this.stage, 'wheel', (event) => this.wheel(event), { passive: false });
    on(this.stage, 'keydown', (event) => this.key(event));
    on(this.stage, 'contextmenu', (event) => event.preventDefault());
    on(this.stage, 'pointerdown', (event) => this.press(event));
    on(this.stage, 'pointermove', (event) => this.move(event));
    for (const kind of ['pointerup', 'pointercancel']) on(this.stage, kind, (event) => this.release(event));
    on(this.stage, 'pointerleave', () => { if (!this.drag) this.point = null; this.read(); });
    on(this.slider, 'input', () => this.show(Number(this.slider.value) - 1));
    on(this.labels, 'change', () => this.chooseLabel(Number(this.labels.value)));
    for (const input of [this.center, this.width]) {
      on(input, 'change', () => this.setWindow(Number(this.center.value), Number(this.width.value)));
    }
    on(this.heatBox, 'change', () => { this.showsHeat = this.heatBox.checked; if (this.showsHeat) this.needHeat(); this.ask(); });
    on(this.opacity, 'input', () => this.ask());
    const jump = (event) => {
      const box = this.strip.getBoundingClientRect();
      this.show(Math.floor(((event.clientX - box.left) / box.width) * this.view.slices.length));
    };
    on(this.strip, 'pointerdown', (event) => { this.strip.setPointerCapture(event.pointerId); jump(event); });
    on(this.strip, 'pointermove', (event) => { if (event.buttons) jump(event); });
  }

  show(index) {
    this.index = clamp(index, 0, this.view.slices.length - 1);
    const reach = this.view.slices[this.index]?.hu?.packed ? 3 : Store.MOST;
    this.hu.around(this.index, reach);
    if (this.window.seen) this.seen.around(this.index, Math.min(reach, 8));
    this.ask();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.rested(), 200);
  }

  // What waits until scrolling stops: speech, and heat maps that the server computes when it is asked.
  rested() {
    const { index, view, label } = this;
    const slice = view.slices[index];
    const probability = slice?.probabilities?.[label];
    this.spoken.textContent = `Slice ${index + 1} of ${view.slices.length}${probability === undefined ? '' : `, ${view.labels[label]} ${probability.toFixed(2)}`}${slice?.excluded ? ', excluded' : ''}`;
    if (this.showsHeat) this.needHeat();
  }

  async needHeat() {
    const { index, label } = this;
    const heat = this.view.slices[index]?.heat?.[label];
    const key = `${index}/${label}`;
    if (!heat?.url || this.heat.has(key)) return;
    this.heat.set(key, { state: 'being computed …' });
    this.ask();
    try {
      const answer = await this.get(heat.url);
      if (!answer.ok) throw new Error();
      this.heat.set(key, { map: await answer.json() });
    } catch {
      this.heat.set(key, { state: 'none of this slice' });
    }
    this.ask();
  }

  chooseLabel(label) {
    this.label = label;
    this.labels.value = String(label);
    this.drawStrip();
    this.ask();
    if (this.showsHeat) this.needHeat();
  }

  choose(window, seen) {
    this.window = { center: window.center, width: window.width, seen };
    this.table = lookUpTable(window.center, window.width);
    if (seen) this.seen.around(this.index, 8);
    this.ask();
  }

  setWindow(center, width) {
    const round = (value) => Math.round(value);
    this.choose({ center: clamp(round(center) || 0, -32768, 32767), width: clamp(round(width) || 1, 1, 65536) }, false);
  }

  wheel(event) {
    if (event.ctrlKey) return;
    this.rolled += event.deltaMode === 0 ? event.deltaY : 50 * Math.sign(event.deltaY);
    const next = this.index + Math.sign(this.rolled);
    // At either end the page scrolls on.
    if (next < 0 || next >= this.view.slices.length) { this.rolled = 0; return; }
    event.preventDefault();
    if (Math.abs(this.rolled) < 50) return;
    this.rolled = 0;
    this.show(next);
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { index, window } = this;
    const way = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    const step = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity }[event.key];
    const look = { i: [-1, 0], k: [1, 0], j: [0, -1], l: [0, 1] }[event.key.toLowerCase()];
    if (event.shiftKey && way) this.setWindow(window.center - 5 * way[1], window.width + 5 * way[0]);
    else if (step !== undefined) this.show(index + step);
    else if (look) this.look(look);
    else if (event.key.toLowerCase() === 'h' && this.hasHeat) this.heatBox.click();
    else if (event.key === '0' && this.seenButton) this.seenButton.click();
    else if (this.presets[Number(event.key) - 1]) this.presets[Number(event.key) - 1].button.click();
    else return;
    event.preventDefault();
  }

  look([rows, columns]) {
    const slice = this.view.slices[this.index];
    const point = this.point ?? [0.5, 0.5];
    this.point = [clamp(point[0] + (4 * rows) / slice.rows, 0, 0.999), clamp(point[1] + (4 * columns) / slice.columns, 0, 0.999)];
    this.read();
  }

  press(event) {
    if (event.pointerType === 'mouse' && event.button === 1) return;
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    this.fingers = (this.fingers ?? new Set()).add(event.pointerId);
    const scrolls = event.pointerType === 'touch' && this.fingers.size === 1;
    this.drag = { x: event.clientX, y: event.clientY, id: event.pointerId, scrolls, index: this.index, ...this.window };
  }

  move(event) {
    const box = this.canvas.getBoundingClientRect();
    this.point = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
    this.read();
    const { drag } = this;
    if (!drag || drag.id !== event.pointerId) return;
    const [right, down] = [event.clientX - drag.x, event.clientY - drag.y];
    if (drag.scrolls) {
      this.show(drag.index + Math.round(down / Math.max(4, box.height / this.view.slices.length)));
    } else if (Math.abs(right) + Math.abs(down) > 3) {
      const step = Math.max(0.5, drag.width / 200);
      this.setWindow(drag.center + down * step, drag.width + right * step);
    }
  }

  release(event) {
    this.fingers?.delete(event.pointerId);
    if (!this.fingers?.size || this.drag?.id === event.pointerId) this.drag = null;
  }

  // Draws once before the next frame, however often it was asked.
  ask() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; if (!this.stopping.signal.aborted) this.draw(); });
  }

  draw() {
    const slice = this.view.slices[this.index];
    if (!slice) { this.message.textContent = 'There is no slice to show.'; return; }
    const store = this.window.seen ? this.seen : this.hu;
    const value = store.get(this.index);
    const ratio = slice.spacing_mm ? (slice.columns * slice.spacing_mm[1]) / (slice.rows * slice.spacing_mm[0]) : slice.columns / slice.rows;
    if (this.ratio !== ratio) this.stage.style.aspectRatio = String((this.ratio = ratio || 1));
    if (value && this.window.seen) this.drawSeen(value);
    else if (value) this.drawHu(value, slice);
    this.canvas.hidden = !value;
    this.heatNote.textContent = this.drawHeat(slice);
    this.message.textContent = value ? '' : store.failed.get(this.index) ?? 'loading …';
    this.tell(slice);
    if (value && this.first) {
      this.first = false;
      performance.mark('viewer-first-slice');
    }
  }

  drawHu(hu, { rows, columns }) {
    if (hu.length !== rows * columns) { this.hu.failed.set(this.index, 'The pixels of this slice are not of its size.'); this.hu.values.delete(this.index); return; }
    if (!this.image || this.image.width !== columns || this.image.height !== rows || this.canvas.width !== columns || this.canvas.height !== rows) {
      this.canvas.width = columns;
      this.canvas.height = rows;
      this.image = this.context.createImageData(columns, rows);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const { pixels, table } = this;
    for (let place = 0; place < hu.length; place += 1) pixels[place] = table[hu[place] & 0xffff];
    this.context.putImageData(this.image, 0, 0);
  }

  drawSeen(image) {
    this.canvas.width = image.naturalWidth ?? image.width;
    this.canvas.height = image.naturalHeight ?? image.height;
    this.context.drawImage(image, 0, 0);
  }

  // Draws the heat map if there is one, and answers what is to be said where there is none.
  drawHeat(slice) {
    const given = slice.heat?.[this.label];
    const known = given?.map ? given : this.heat.get(`${this.index}/${this.label}`);
    const shown = this.showsHeat && known?.map;
    this.heatCanvas.hidden = !shown;
    this.heatCanvas.style.opacity = String(Number(this.opacity.value) / 100);
    if (!shown) return this.showsHeat ? known?.state ?? (given ? '' : `none of this slice for ${this.view.labels[this.label]}`) : '';
    if (this.drawnHeat === known.map) return '';
    this.drawnHeat = known.map;
    const { rows, columns, values } = known.map;
    this.heatCanvas.width = columns;
    this.heatCanvas.height = rows;
    const image = new ImageData(columns, rows);
    values.forEach((value, place) => image.data.set([...hot(value / 255), value], 4 * place));
    this.heatCanvas.getContext('2d').putImageData(image, 0, 0);
    return '';
  }

  tell(slice) {
    const { view, index, window, corners } = this;
    const { thresholds } = view;
    this.slider.value = String(index + 1);
    this.slider.setAttribute('aria-valuetext', `${index + 1} of ${view.slices.length}`);
    this.mark.setAttribute('x', index);
    corners.slice.textContent = `${index + 1} / ${view.slices.length}`;
    const position = slice.position_mm === null || slice.position_mm === undefined ? [] : [`${slice.position_mm.toFixed(1)} mm`];
    const spacing = slice.spacing_mm ? [`${slice.spacing_mm.map((mm) => mm.toFixed(2)).join(' × ')} mm/px`] : [];
    corners.place.textContent = [...position, ...spacing].join('\n');
    corners.window.textContent = window.seen ? view.seen : `C ${window.center} W ${window.width}`;
    for (const [side, element] of Object.entries(this.sides)) element.textContent = slice.sides?.[side] ?? '';
    for (const { button, preset } of this.presets) {
      button.setAttribute('aria-pressed', String(!window.seen && preset.center === window.center && preset.width === window.width));
    }
    this.seenButton?.setAttribute('aria-pressed', String(window.seen));
    if (document.activeElement !== this.center) this.center.value = String(window.center);
    if (document.activeElement !== this.width) this.width.value = String(window.width);
    this.rows.forEach(({ probability, call, truth, row }, at) => {
      const value = slice.probabilities?.[at];
      const threshold = thresholds?.[at] ?? null;
      const positive = value !== undefined && threshold !== null && value >= threshold;
      probability.textContent = value === undefined ? '–' : value.toFixed(3);
      call.textContent = value === undefined || threshold === null ? '–' : positive ? 'positive' : 'negative';
      const known = slice.truth?.[at];
      truth.textContent = known === true ? 'yes' : known === false ? 'no' : '–';
      row.className = `${positive ? 'positive' : ''}${typeof known === 'boolean' && value !== undefined && threshold !== null && known !== positive ? ' differs' : ''}${at === this.label ? ' chosen' : ''}`;
    });
    const said = [{ what: 'slice', value: slice.name }, ...(slice.excluded ? [{ what: 'excluded', value: slice.excluded }] : []), ...(slice.details ?? [])];
    this.details.replaceChildren(...said.flatMap(({ what, value }) => [make('dt', {}, what), make('dd', {}, value)]));
    this.read();
  }

  // The HU under the pointer.
  read() {
    const slice = this.view.slices[this.index];
    const hu = this.hu.get(this.index);
    const [down, right] = this.point ?? [-1, -1];
    const inside = hu && down >= 0 && down < 1 && right >= 0 && right < 1;
    const [row, column] = inside ? [Math.floor(down * slice.rows), Math.floor(right * slice.columns)] : [0, 0];
    this.corners.pointer.textContent = inside ? `${hu[row * slice.columns + column]} HU\n${column}, ${row}` : '';
  }

  // The probability of the label along the slices, a bar each.
  drawStrip() {
    const { view, label } = this;
    const count = Math.max(1, view.slices.length);
    const threshold = view.thresholds?.[label] ?? null;
    const svg = draw('svg', { viewBox: `0 0 ${count} 100`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `Probability of ${view.labels[label]} along the slices` });
    this.mark = draw('rect', { class: 'here', x: this.index, y: 0, width: 1, height: 100 });
    svg.append(this.mark);
    view.slices.forEach((slice, at) => {
      const value = slice.probabilities?.[label];
      if (value === undefined) svg.append(draw('rect', { class: 'none', x: at, y: 92, width: 1, height: 8 }));
      else svg.append(draw('rect', { class: threshold !== null && value >= threshold ? 'above' : 'below', x: at + 0.1, y: 100 - 100 * Math.max(value, 0.015), width: 0.8, height: 100 * Math.max(value, 0.015) }));
      if (slice.truth?.[label]) svg.append(draw('rect', { class: 'true', x: at + 0.1, y: 0, width: 0.8, height: 6 }));
    });
    if (threshold !== null) svg.append(draw('line', { class: 'threshold', x1: 0, x2: count, y1: 100 - 100 * threshold, y2: 100 - 100 * threshold }));
    this.strip.replaceChildren(svg);
  }
}

// Views that stand in the page itself.
for (const place of document.querySelectorAll('.viewer[data-fallback]')) {
  const view = JSON.parse(place.querySelector('script').textContent);
  const fallback = document.getElementById(place.dataset.fallback);
  const viewer = new Viewer(place, view);
  fallback?.removeAttribute('open');
  addEventListener('beforeprint', () => fallback?.setAttribute('open', ''));
  place.viewer = viewer;
}
