// Every report at two widths, light and dark. See README.md.
import { mkdirSync, statSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createRequire } from 'node:module';
import { launch, open } from './browser.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: node pages.mjs REPORT.html…');
  process.exit(2);
}
mkdirSync('screenshots', { recursive: true });
const browser = await launch();
let failed = 0;
for (const file of files) {
  const size = statSync(file).size;
  console.log(`${file}: ${(size / 1e6).toFixed(2)} MB`);
  if (size > 15e6) {
    failed += 1;
    console.log('  FAIL over 15 MB');
  }
  for (const width of [1280, 390]) {
    for (const colorScheme of ['light', 'dark']) {
      // The page's own policy forbids scripts from elsewhere, axe-core among them.
      const { page, context, faults } = await open(browser, file, {
        viewport: { width, height: 900 },
        colorScheme,
        bypassCSP: true,
      });
      // From the start of navigation until all is loaded and the scripts have run.
      const took = await page.evaluate(() => performance.getEntriesByType('navigation')[0].loadEventEnd);
      const sideways = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      if (sideways > 0) faults.push(`scrolls sideways by ${sideways} px`);
      const name = `${basename(dirname(file))}-${basename(file, '.html')}-${width}-${colorScheme}`;
      await page.screenshot({ path: `screenshots/${name}.png`, fullPage: true, timeout: 120_000 });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
      for (const { id, impact, nodes, help } of violations) {
        const where = nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ');
        const line = `axe ${impact}: ${id}: ${help} (${nodes.length}: ${where})`;
        if (impact === 'serious' || impact === 'critical') faults.push(line);
        else console.log(`  note ${line}`);
      }
      console.log(`  ${width} ${colorScheme}: ${took.toFixed(0)} ms, ${faults.length === 0 ? 'ok' : 'FAIL'}`);
      faults.forEach((fault) => console.log(`    ${fault}`));
      failed += faults.length;
      await context.close();
    }
  }
}
await browser.close();
process.exit(failed === 0 ? 0 : 1);
