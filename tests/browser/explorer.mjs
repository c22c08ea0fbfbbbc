// The window explorer against the Rust windows, by keyboard, and into a recipe. See README.md.
import { readFileSync, writeFileSync, mkdtempSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { launch, open } from './browser.mjs';

const [directory, program] = process.argv.slice(2);
if (!directory) {
  console.error('usage: node explorer.mjs DIRECTORY [ICHFLOW]');
  process.exit(2);
}
const expected = JSON.parse(readFileSync(join(directory, 'expected.json'), 'utf8'));
const browser = await launch();
let failed = 0;
const check = (name, holds, detail = '') => {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${name}${detail ? `: ${detail}` : ''}`);
  failed += holds ? 0 : 1;
};
const { page, context, faults } = await open(browser, join(directory, 'report.html'), {
  viewport: { width: 1280, height: 900 },
});
await context.grantPermissions(['clipboard-read', 'clipboard-write']).catch(() => {});
const pixels = () =>
  page.evaluate(() => {
    const canvas = document.getElementById('explorer-canvas');
    return Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data);
  });
const recipe = () => page.inputValue('#explorer-recipe');

for (const { name, slice, kind, windows, rgb } of expected) {
  await page.selectOption('#explorer-slice', String(slice));
  await page.check(windows.length === 3 ? '#explorer-colour' : '#explorer-grey');
  await page.check(`#explorer-${kind}`);
  for (const [index, [center, width]] of windows.entries()) {
    await page.fill(`#explorer-center-${index}`, String(center));
    await page.fill(`#explorer-width-${index}`, String(width));
  }
  const shown = await pixels();
  const bytes = Buffer.from(rgb, 'hex');
  let off = 0;
  let furthest = 0;
  for (let place = 0; place < shown.length / 4; place += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const apart = Math.abs(shown[4 * place + channel] - bytes[3 * place + channel]);
      off += apart > 0 ? 1 : 0;
      furthest = Math.max(furthest, apart);
    }
  }
  // exp differs in its last bit between libraries, which may tip a value over to the next of 256 greys.
  const holds =
    shown.length / 4 === bytes.length / 3 && (kind === 'linear' ? off === 0 : furthest <= 1 && off <= bytes.length / 1000);
  check(`pixels of ${name}`, holds, `${off} of ${bytes.length} differ, by ${furthest} at most`);
}

// By keyboard alone.
await page.check('#explorer-grey');
await page.check('#explorer-linear');
await page.fill('#explorer-center-0', '40');
await page.fill('#explorer-width-0', '80');
await page.focus('#explorer-slice');
const reached = [];
for (let step = 0; step < 12; step += 1) {
  reached.push(await page.evaluate(() => document.activeElement.id));
  await page.keyboard.press('Tab');
}
for (const id of ['explorer-slice', 'explorer-grey', 'explorer-linear', 'explorer-center-0', 'explorer-width-0', 'explorer-preset-0', 'explorer-recipe', 'explorer-copy']) {
  check(`Tab reaches ${id}`, reached.includes(id));
}
await page.focus('#explorer-canvas');
await page.keyboard.press('ArrowUp');
await page.keyboard.press('ArrowRight');
await page.keyboard.press('ArrowRight');
check('arrow keys change the window', (await recipe()).includes('{ center = 45, width = 90 }'), (await recipe()).trim());
const before = await page.textContent('#explorer-hu');
await page.keyboard.press('Shift+ArrowLeft');
const after = await page.textContent('#explorer-hu');
check('Shift and an arrow key move the place that is read', before !== after && /-?\d+ HU$/.test(after), after);
await page.selectOption('#explorer-preset-0', 'subdural');
check('presets', (await recipe()).includes('{ center = 80, width = 200 }'));

// By pointer.
const box = await page.locator('#explorer-canvas').boundingBox();
await page.mouse.move(box.x + 50, box.y + 50);
await page.mouse.down();
await page.mouse.move(box.x + 90, box.y + 30, { steps: 4 });
await page.mouse.up();
check('dragging', (await recipe()).includes('{ center = 60, width = 240 }'), (await recipe()).trim());

// Into a recipe.
for (const [mode, kind] of [['grey', 'linear'], ['colour', 'linear'], ['colour', 'sigmoid']]) {
  await page.check(`#explorer-${mode}`);
  await page.check(`#explorer-${kind}`);
  await page.click('#explorer-copy');
  await page.waitForFunction(() => document.getElementById('explorer-said').textContent !== '');
  const copied = await page.evaluate(() => navigator.clipboard.readText()).catch(() => null);
  const text = copied ?? (await recipe());
  check(`copied, ${mode}, ${kind}`, text === (await recipe()) && text.startsWith('[window]'), copied === null ? 'the clipboard cannot be read here' : '');
  if (program) {
    const place = mkdtempSync(join(tmpdir(), 'ichflow-window-'));
    const file = join(place, 'recipe.toml');
    writeFileSync(file, `ichflow = 1\ntitle = "copied"\n\n${text}`);
    let said = '';
    let accepted = true;
    try {
      said = execFileSync(resolve(program), ['check', file], { encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      accepted = false;
      said = `${error.stdout}${error.stderr}`;
    }
    check(`ichflow check takes it, ${mode}, ${kind}`, accepted, accepted ? '' : said);
  }
}
// Reading the canvas this often is this script's own doing, and Chromium says so.
const own = faults.filter((fault) => !fault.includes('willReadFrequently'));
check('no console message, no request', own.length === 0, own.join('; '));
await browser.close();
process.exit(failed === 0 ? 0 : 1);
