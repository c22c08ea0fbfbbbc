// The slice viewer of a report, from a file. See README.md.
import { launch, open } from './browser.mjs';

const [file] = process.argv.slice(2);
if (!file) {
  console.error('usage: node viewer.mjs REPORT.html');
  process.exit(2);
}
const browser = await launch();
let failed = 0;
const check = (name, holds, detail = '') => {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${name}${detail === '' ? '' : `: ${detail}`}`);
  failed += holds ? 0 : 1;
};
const { page, faults } = await open(browser, file, { viewport: { width: 1280, height: 900 } });
await page.waitForFunction(() => performance.getEntriesByName('viewer-first-slice').length > 0, null, { timeout: 30_000 });
const first = await page.evaluate(() => performance.getEntriesByName('viewer-first-slice')[0].startTime);
console.log(`     first slice ${first.toFixed(0)} ms after the page was asked for`);
const corner = (name) => page.textContent(`.viewer-corner.${name}`);
const rest = async () => {
  await page.waitForTimeout(100);
  await page.waitForFunction(() => document.querySelector('.viewer-message').textContent === '');
};
const picture = () => page.evaluate(() => document.querySelector('.viewer-hu').toDataURL());
const stage = page.locator('.viewer-stage');
await stage.scrollIntoViewIfNeeded();
await stage.focus();
check('the sheet is closed', !(await page.$eval('#slice-sheet', (sheet) => sheet.open)));

const count = Number((await corner('top-left')).split('/')[1]);
await page.keyboard.press('Home');
await rest();
const seen = new Set([await picture()]);
for (let at = 1; at < count; at += 1) {
  await page.keyboard.press('ArrowDown');
  await rest();
  seen.add(await picture());
}
check('arrow keys show every slice', seen.size === count && (await corner('top-left')) === `${count} / ${count}`, `${seen.size} of ${count}`);
const brain = await picture();
for (const key of ['2', '3', '4', '5', '0']) {
  await page.keyboard.press(key);
  await rest();
  check(`key ${key}`, (await picture()) !== brain, await corner('bottom-right'));
}
await page.keyboard.press('1');
await rest();
check('key 1 is back', (await picture()) === brain);

// HU as the module unpacks them, where Rust packed them.
const hu = await page.evaluate(() => {
  const { viewer } = document.querySelector('.viewer');
  const { rows, columns } = viewer.view.slices[viewer.index];
  const values = viewer.hu.get(viewer.index);
  return { right: values.length === rows * columns, low: Math.min(...values), high: Math.max(...values) };
});
check('HU are those of a head CT', hu.right && hu.low >= -3100 && hu.low <= -900 && hu.high > 100, `${hu.low} to ${hu.high}`);
await page.keyboard.press('k');
check('HU by keyboard', /^-?\d+ HU/.test(await corner('bottom-left')), (await corner('bottom-left')).replace('\n', ' at '));
if (await page.isVisible('.viewer-panel input[type=checkbox]')) {
  await page.locator('.viewer-heat').waitFor({ state: 'attached' });
  const visible = await page.evaluate(async () => {
    const { viewer } = document.querySelector('.viewer');
    const [at, label] = viewer.view.slices.flatMap((slice, at) => (slice.heat ?? []).flatMap((heat, label) => (heat ? [[at, label]] : [])))[0];
    viewer.chooseLabel(label);
    viewer.show(at);
    await new Promise((done) => setTimeout(done, 200));
    return !document.querySelector('.viewer-heat').hidden;
  });
  check('a heat map lies over its slice', visible);
}
const box = await stage.boundingBox();
await page.mouse.move(box.x + 100, box.y + 100);
await page.keyboard.press('Home');
await page.mouse.wheel(0, 100);
await rest();
check('the wheel scrolls', count === 1 || (await corner('top-left')).startsWith('2 /'), await corner('top-left'));
check('no console message, no request', faults.length === 0, faults.join('; '));

const without = await open(browser, file, { viewport: { width: 1280, height: 900 }, javaScriptEnabled: false });
check('without scripts the sheet is open', await without.page.locator('#slice-sheet .slice').first().isVisible());
check('and there is no empty viewer', !(await without.page.isVisible('.viewer')));
await browser.close();
process.exit(failed === 0 ? 0 : 1);
