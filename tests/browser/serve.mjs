// `ichflow serve` as a person uses it: drop a folder, read the worklist, look at an exam, refuse a PDF, delete.
// See README.md.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { launch } from './browser.mjs';

const [program, bundle, folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node serve.mjs ICHFLOW|http://ADDRESS BUNDLE FOLDER');
  process.exit(2);
}
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
mkdirSync('screenshots', { recursive: true });
let failed = 0;
const check = (name, holds, detail = '') => {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${name}${detail === '' ? '' : `: ${detail}`}`);
  failed += holds ? 0 : 1;
};

// The server: a program of our own at a free port, or one that runs already.
async function started() {
  if (program.startsWith('http')) return { address: program, stop: () => {} };
  const server = spawn(resolve(program), ['serve', bundle, '--addr', '127.0.0.1:0'], { stdio: ['ignore', 'inherit', 'pipe'] });
  const address = await new Promise((found, gone) => {
    let said = '';
    server.stderr.on('data', (text) => {
      said += text;
      const at = said.match(/http:\/\/[\d.:]+/);
      if (at) found(at[0]);
    });
    server.on('exit', () => gone(new Error(`the server ended: ${said}`)));
  });
  return { address, stop: () => server.kill('SIGINT') };
}

const { address, stop } = await started();
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
const page = await context.newPage();
const faults = [];
let expected = null;
page.on('console', (message) => {
  // Reading the canvas this often is this script's own doing, and Chromium says so.
  if (message.text().includes('willReadFrequently')) return;
  if (!(expected && message.text().includes(expected))) faults.push(`console ${message.type()}: ${message.text()}`);
});
page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
page.on('request', (request) => {
  const url = request.url();
  if (!url.startsWith(address) && !/^(data|blob):/.test(url)) faults.push(`request: ${url.slice(0, 200)}`);
});

// A drop as the system does it, so that folders are folders.
const session = await context.newCDPSession(page);
async function drop(...paths) {
  await page.locator('#drop').scrollIntoViewIfNeeded();
  const box = await page.locator('#drop').boundingBox();
  const data = { items: [], files: paths.map((path) => resolve(path)), dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await session.send('Input.dispatchDragEvent', { type, x: box.x + box.width / 2, y: box.y + box.height / 2, data });
  }
}

// At two widths, light and dark: nothing scrolls sideways, axe-core finds nothing serious, and a picture to look at.
async function looks(name) {
  // The page's policy forbids scripts from elsewhere, axe-core among them: it comes with the debugger.
  for (const width of [1280, 390]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(150);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      check(`${name}, ${width} ${colorScheme}: nothing scrolls sideways`, sideways <= 0, sideways > 0 ? `${sideways} px` : '');
      await page.screenshot({ path: `screenshots/serve-${name}-${width}-${colorScheme}.png`, fullPage: true, timeout: 120_000 });
      await session.send('Runtime.evaluate', { expression: axe });
      const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
      const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      check(`${name}, ${width} ${colorScheme}: axe-core`, grave.length === 0, grave.map(({ id, nodes }) => `${id} (${nodes.map((node) => node.target.join(' ')).slice(0, 3).join(', ')})`).join('; '));
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
}

await page.goto(`${address}/`);
check('the page says what it is for', (await page.textContent('main')).includes('Research only'));
await looks('empty');

// A folder, into a worklist.
await drop(folder);
await page.waitForSelector('#exams tbody tr', { timeout: 300_000 });
await page.waitForFunction(() => !document.querySelector('#uploads progress'), null, { timeout: 300_000 });
const rows = await page.$$eval('#exams tbody tr', (all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
check('the folder becomes exams', rows.length > 0, `${rows.length}: ${rows[0].join(' | ')}`);
const first = rows.map((row) => Number.parseFloat(row[1]));
check('the likeliest exam comes first', first.every((value, at) => at === 0 || value <= first[at - 1]), first.join(' '));
await looks('worklist');

// By keyboard into the viewer.
await page.focus('#exams tbody a');
const asked = await page.evaluate(() => performance.now());
await page.keyboard.press('Enter');
await page.waitForFunction(() => performance.getEntriesByName('viewer-first-slice').length > 0, null, { timeout: 60_000 });
const shown = await page.evaluate(() => performance.getEntriesByName('viewer-first-slice')[0].startTime);
console.log(`     first slice after ${(shown - asked).toFixed(0)} ms`);
const stage = page.locator('.viewer-stage');
const corner = (name) => page.textContent(`.viewer-corner.${name}`);
const pixels = () => page.evaluate(() => {
  const canvas = document.querySelector('.viewer-hu');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let place = 0; place < data.length; place += 4) sum = (sum * 31 + data[place]) % 1_000_000_007;
  return sum;
});
const place = async () => Number((await corner('top-left')).split('/')[0]);
const settled = () => page.waitForFunction(() => document.querySelector('.viewer-message').textContent === '');
const slices = Number((await corner('top-left')).split('/')[1]);
check('it opens where the probability is highest', (await place()) >= 1, await corner('top-left'));
await stage.focus();
await page.keyboard.press('Home');
await page.waitForTimeout(100);
check('Home', (await place()) === 1);
await settled();
const before = await pixels();
const box = await stage.boundingBox();
await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
await page.mouse.wheel(0, 100);
await page.waitForTimeout(100);
await settled();
check('the wheel scrolls', (await place()) === 2);
check('another slice is another picture', (await pixels()) !== before);
await page.keyboard.press('ArrowDown');
await page.keyboard.press('ArrowUp');
await page.keyboard.press('End');
await page.waitForTimeout(100);
check('End', (await place()) === slices, String(slices));
await page.keyboard.press('Home');
await page.keyboard.press('PageDown');
await page.waitForTimeout(100);
check('Page Down', (await place()) === Math.min(slices, 11));
await settled();

// Windows.
const brain = await pixels();
await page.keyboard.press('4');
await page.waitForTimeout(100);
check('a preset', (await corner('bottom-right')).includes('600') && (await pixels()) !== brain, await corner('bottom-right'));
await page.keyboard.press('1');
await page.keyboard.press('Shift+ArrowUp');
await page.keyboard.press('Shift+ArrowRight');
await page.waitForTimeout(100);
check('keys set the window', (await corner('bottom-right')) === 'C 45 W 85', await corner('bottom-right'));
for (const button of ['left', 'right']) {
  await page.keyboard.press('1');
  await page.mouse.move(box.x + 200, box.y + 200);
  await page.mouse.down({ button });
  await page.mouse.move(box.x + 240, box.y + 180, { steps: 4 });
  await page.mouse.up({ button });
  await page.waitForTimeout(100);
  check(`dragging with the ${button} button sets the window`, (await corner('bottom-right')) === 'C 30 W 100', await corner('bottom-right'));
}
await page.keyboard.press('1');
check('HU under the pointer', /^-?\d+ HU/.test(await corner('bottom-left')), (await corner('bottom-left')).replace('\n', ' at '));
const sides = await page.$$eval('.viewer-side', (all) => all.map((one) => one.textContent).join(' '));
check('orientation', /^R L A\S* P\S*$/.test(sides), sides);
check('position and spacing', /mm/.test(await corner('top-right')), (await corner('top-right')).replace('\n', ', '));
if (await page.locator('.viewer-panel button[title="Key 0"]').count()) {
  // The brain window may be a channel of it; bone is not.
  await page.keyboard.press('4');
  await page.waitForTimeout(100);
  const bone = await pixels();
  await page.keyboard.press('0');
  await page.waitForTimeout(300);
  await settled();
  check("the bundle's own window", (await pixels()) !== bone);
  await page.keyboard.press('1');
}

// The heat map, and the strip of probabilities.
await page.keyboard.press('h');
await page.waitForFunction(() => !document.querySelector('.viewer-heat').hidden || document.querySelector('.viewer-note').textContent.startsWith('none'), null, { timeout: 60_000 });
check('the heat map lies over the slice', await page.isVisible('.viewer-heat'), await page.textContent('.viewer-note'));
await page.fill('.viewer-panel input[type=range]', '30');
await page.waitForTimeout(100);
check('its opacity', (await page.$eval('.viewer-heat', (canvas) => canvas.style.opacity)) === '0.3');
await page.locator('.viewer-strip').scrollIntoViewIfNeeded();
const strip = await page.locator('.viewer-strip').boundingBox();
await page.mouse.click(strip.x + strip.width - 2, strip.y + strip.height / 2);
await page.waitForTimeout(100);
check('a click on the strip', (await place()) === slices);
await page.selectOption('.viewer-panel select', '1');
check('another label', (await page.getAttribute('.viewer-strip svg', 'aria-label')).includes(await page.$eval('.viewer-panel select', (select) => select.selectedOptions[0].textContent)));
await page.selectOption('.viewer-panel select', '0');
await page.click('.viewer-strip', { position: { x: strip.width / 2, y: 20 } });
await page.waitForTimeout(600);
await looks('exam');

// Scrolling through all of them: one slice a frame.
await page.keyboard.press('h');
await page.waitForFunction(() => {
  const { viewer } = document.getElementById('viewer');
  return viewer.view.slices.every((slice, at) => !slice.hu || viewer.hu.get(at));
}, null, { timeout: 60_000 });
const frames = await page.evaluate(async () => {
  const { viewer } = document.getElementById('viewer');
  const [between, drawing] = [[], []];
  const draw = viewer.draw.bind(viewer);
  viewer.draw = () => { const begun = performance.now(); draw(); drawing.push(performance.now() - begun); };
  let last = await new Promise(requestAnimationFrame);
  for (let round = 0; round < 3; round += 1) {
    for (let at = 0; at < viewer.view.slices.length; at += 1) {
      viewer.show(at);
      const now = await new Promise(requestAnimationFrame);
      between.push(now - last);
      last = now;
    }
  }
  delete viewer.draw;
  const of = (times, share) => times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(share * times.length))];
  const { rows, columns } = viewer.view.slices[0];
  return { slices: between.length, size: `${columns} × ${rows}`, frame: [0.5, 0.95, 1].map((share) => of(between, share)), draw: [0.5, 0.95, 1].map((share) => of(drawing, share)) };
});
const times = (values) => values.map((value) => value.toFixed(1)).join(' / ');
console.log(`     ${frames.slices} slices of ${frames.size}: ms between frames ${times(frames.frame)}, ms to draw ${times(frames.draw)} (median / 95 % / most)`);
check('every slice is drawn', frames.draw.length > 0 && frames.slices === 3 * slices);

// Back, and a PDF.
await page.click('#back');
check('back to the worklist', await page.isVisible('#exams'));
const pdf = join(mkdtempSync(join(tmpdir(), 'ichflow-pdf-')), 'report.pdf');
writeFileSync(pdf, '%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n');
await drop(pdf);
await page.waitForFunction(() => document.getElementById('uploads').textContent.includes('report.pdf') || document.getElementById('said').textContent.includes('report.pdf'), null, { timeout: 60_000 });
const refused = await page.$eval('#uploads', (all) => [...all.querySelectorAll('.reasons')].map((one) => one.textContent).find((text) => text.includes('report.pdf')) ?? '');
check('a PDF is refused with its reason', /DICOM/.test(refused), refused);
await looks('refused');

// Deleted.
const ids = await page.evaluate(async () => { const all = await (await fetch('/v1/exams')).json(); return (all.exams ?? all).map(({ id }) => id); });
expected = 'status of 4';
while (await page.locator('#uploads button:visible').count()) {
  await page.locator('#uploads button:visible').first().click();
  await page.waitForTimeout(300);
}
check('nothing is left on the page', !(await page.isVisible('#exams')) && (await page.locator('.upload').count()) === 0);
const left = await page.evaluate((ids) => Promise.all(ids.map(async (id) => (await fetch(`/v1/exams/${id}`)).status)), ids);
check('and none on the server', left.every((status) => status === 404 || status === 410), left.join(' '));

check('no console message, no foreign request', faults.length === 0, faults.join('; '));
await browser.close();
stop();
process.exit(failed === 0 ? 0 : 1);
