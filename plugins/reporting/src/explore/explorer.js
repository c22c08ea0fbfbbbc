'use strict';
(() => {
  const element = (id) => document.getElementById(id);
  const slices = JSON.parse(element('explorer-data').textContent).slices;
  const canvas = element('explorer-canvas');
  const context = canvas.getContext('2d', { alpha: false });
  const recipe = element('explorer-recipe');
  const PRESETS = {
    brain: [40, 80], subdural: [80, 200], soft: [40, 380], bone: [600, 2800], stroke: [32, 8],
    'brain-soft': [40, 375], abdomen: [40, 400], 'brain-50-100': [50, 100], 'subdural-50-130': [50, 130],
    'subdural-50-175': [50, 175], 'subdural-75-215': [75, 215], 'subdural-100-254': [100, 254],
    'bone-600-2000': [600, 2000], 'bone-500-3000': [500, 3000],
  };
  const channels = [0, 1, 2].map((index) => ({
    box: element(`explorer-channel-${index}`),
    title: element(`explorer-channel-${index}-title`),
    center: element(`explorer-center-${index}`),
    width: element(`explorer-width-${index}`),
    preset: element(`explorer-preset-${index}`),
  }));
  const NAMES = ['Red', 'Green', 'Blue'];
  const single = Math.fround;
  const state = { slice: 0, hu: null, row: 0, column: 0 };

  const colour = () => element('explorer-colour').checked;
  const soft = () => element('explorer-sigmoid').checked;
  const shown = () => (colour() ? channels : channels.slice(0, 1));
  const active = () => (colour() ? channels[Number(element('explorer-active').value)] : channels[0]);
  const windowOf = (channel) => {
    const center = Number(channel.center.value);
    const width = Number(channel.width.value);
    return { center: Number.isFinite(center) ? center : 40, width: width > 0 ? width : 1 };
  };

  // Single precision, operation by operation, as the windows of a recipe compute it.
  function linear(center, width) {
    const low = single(center - width / 2);
    const high = single(center + width / 2);
    const divisor = single(width);
    return (hu) => single(single(Math.min(Math.max(hu, low), high) - low) / divisor);
  }

  // upbound 1, eps 1/255: at the lower edge of the window 1/255, at the upper one 254/255.
  function sigmoid(center, width) {
    const edge = Math.log(254);
    return (hu) => 1 / (1 + Math.exp(-(2 * edge * (hu - center)) / width));
  }

  function table(channel) {
    const { center, width } = windowOf(channel);
    const grey = soft() ? sigmoid(center, width) : linear(center, width);
    const bytes = new Uint8Array(65536);
    for (let hu = -32768; hu < 32768; hu += 1) {
      bytes[hu + 32768] = Math.floor(single(255 * grey(hu)) + 0.5);
    }
    return bytes;
  }

  function draw() {
    const { hu } = state;
    const tables = shown().map(table);
    const [red, green, blue] = colour() ? tables : [tables[0], tables[0], tables[0]];
    const image = context.createImageData(canvas.width, canvas.height);
    const pixels = image.data;
    for (let place = 0; place < hu.length; place += 1) {
      const value = hu[place] + 32768;
      pixels[4 * place] = red[value];
      pixels[4 * place + 1] = green[value];
      pixels[4 * place + 2] = blue[value];
      pixels[4 * place + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    recipe.value = written();
    for (const channel of channels) {
      const { center, width } = windowOf(channel);
      const known = Object.keys(PRESETS).find((name) => PRESETS[name][0] === center && PRESETS[name][1] === width);
      channel.preset.value = known || '';
    }
  }

  function written() {
    const windows = shown().map((channel) => {
      const { center, width } = windowOf(channel);
      return `{ center = ${center}, width = ${width} }`;
    });
    const lines = ['[window]', `use = "${soft() ? 'sigmoid' : 'linear'}"`, `windows = [${windows.join(', ')}]`];
    if (soft()) lines.push('stretch = false');
    return `${lines.join('\n')}\n`;
  }

  function read() {
    const { row, column, hu } = state;
    const value = hu[row * canvas.width + column];
    const mark = element('explorer-mark').style;
    mark.left = `${(100 * (column + 0.5)) / canvas.width}%`;
    mark.top = `${(100 * (row + 0.5)) / canvas.height}%`;
    element('explorer-hu').textContent = `row ${row}, column ${column}: ${value} HU`;
  }

  function load(index) {
    const slice = slices[index];
    const text = atob(slice.hu);
    const view = new DataView(Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
    state.hu = new Int16Array(slice.rows * slice.columns);
    for (let place = 0; place < state.hu.length; place += 1) {
      state.hu[place] = view.getInt16(2 * place, true);
    }
    canvas.width = slice.columns;
    canvas.height = slice.rows;
    state.row = Math.floor(slice.rows / 2);
    state.column = Math.floor(slice.columns / 2);
    draw();
    read();
  }

  function set(channel, center, width) {
    channel.center.value = String(Math.round(center * 10) / 10);
    channel.width.value = String(Math.max(1, Math.round(width * 10) / 10));
    draw();
  }

  function mode() {
    const three = colour();
    channels.forEach((channel, index) => {
      channel.box.hidden = !three && index > 0;
      channel.title.textContent = three ? NAMES[index] : 'Window';
    });
    element('explorer-active-row').hidden = !three;
    draw();
  }

  slices.forEach((slice, index) => {
    const option = document.createElement('option');
    option.value = String(index);
    option.textContent = slice.title;
    element('explorer-slice').append(option);
  });
  for (const channel of channels) {
    const other = document.createElement('option');
    other.value = '';
    other.textContent = 'own';
    channel.preset.append(other);
    for (const [name, [center, width]] of Object.entries(PRESETS)) {
      const option = document.createElement('option');
      option.value = name;
      option.textContent = `${name} (${center}/${width})`;
      channel.preset.append(option);
    }
    channel.preset.addEventListener('change', () => {
      const preset = PRESETS[channel.preset.value];
      if (preset) set(channel, preset[0], preset[1]);
    });
    channel.center.addEventListener('input', draw);
    channel.width.addEventListener('input', draw);
  }
  element('explorer-slice').addEventListener('change', (event) => load(Number(event.target.value)));
  for (const id of ['explorer-grey', 'explorer-colour']) element(id).addEventListener('change', mode);
  for (const id of ['explorer-linear', 'explorer-sigmoid']) element(id).addEventListener('change', draw);

  let drag = null;
  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    const place = (offset, length, count) => Math.min(count - 1, Math.max(0, Math.floor((offset / length) * count)));
    state.column = place(event.clientX - box.left, box.width, canvas.width);
    state.row = place(event.clientY - box.top, box.height, canvas.height);
    read();
  };
  canvas.addEventListener('pointerdown', (event) => {
    drag = { x: event.clientX, y: event.clientY, ...windowOf(active()) };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    under(event);
    if (!drag) return;
    const step = Math.max(0.5, drag.width / 200);
    set(
      active(),
      Math.round(drag.center + (event.clientY - drag.y) * step),
      Math.max(1, Math.round(drag.width + (event.clientX - drag.x) * step)),
    );
  });
  for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, () => { drag = null; });
  canvas.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!move) return;
    event.preventDefault();
    if (event.shiftKey) {
      state.column = Math.min(canvas.width - 1, Math.max(0, state.column + 4 * move[0]));
      state.row = Math.min(canvas.height - 1, Math.max(0, state.row + 4 * move[1]));
      read();
      return;
    }
    const { center, width } = windowOf(active());
    set(active(), center - 5 * move[1], Math.max(1, width + 5 * move[0]));
  });
  element('explorer-copy').addEventListener('click', async () => {
    const said = element('explorer-said');
    try {
      await navigator.clipboard.writeText(recipe.value);
      said.textContent = 'Copied.';
    } catch {
      recipe.focus();
      recipe.select();
      said.textContent = document.execCommand('copy') ? 'Copied.' : 'Selected: copy it with your keyboard.';
    }
  });
  element('explorer-tool').hidden = false;
  load(0);
  mode();
})();
