// Makes the pictures of docs/images: the main states, on the invented customer of the tests.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { elementOf, pageOf, start } from '../tests/browser/support.mjs';
import { ROOT } from './paths.mjs';

const FOLDER = join(ROOT, 'docs/images');
const PICTURES = {
  'widget-timeline': { width: 1280 },
  'widget-feed': { width: 376, height: 860, values: { lang: 'it' } },
  'widget-detail': { width: 1280, whole: true, open: 'i26', values: { lang: 'fr' } },
  'widget-grid-dark': { width: 1280, values: { view: 'grid', theme: 'dark' }, dark: true },
  'widget-partial': { scenario: 'partial', width: 1280, values: { theme: 'dark' }, dark: true },
};
const STYLE = '<style>html { background: #e9edf2 } html.dark { background: #0c1015 }</style>';

const bench = await start();
mkdirSync(FOLDER, { recursive: true });
for (const [name, { scenario = 'usual', width, height = 720, values = {}, open, dark, whole }] of Object.entries(PICTURES)) {
  const html = pageOf(elementOf(scenario, values), { head: STYLE, html: `lang="en"${dark ? ' class="dark"' : ''}` });
  const page = await bench.open(html, { width, height });
  await page.mouse.move(1, 1);
  if (open) await page.locator(`customer-journey .item[data-id="${open}"]`).first().click();
  await page.waitForTimeout(700);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const { height: tall } = await page.locator('customer-journey').boundingBox();
  await page.screenshot({ path: join(FOLDER, `${name}.png`), clip: { x: 0, y: 0, width, height: whole ? height : Math.min(height, Math.ceil(tall) + 24) } });
  await page.close();
}
await bench.close();
