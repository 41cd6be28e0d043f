// Makes the pictures of docs/images: the main states, on the invented customer of the tests.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { elementOf, pageOf, start } from '../tests/browser/support.mjs';
import { ROOT } from './paths.mjs';
import { palettePng } from './png.mjs';

const FOLDER = process.argv[2] ?? join(ROOT, 'docs/images');
const FEED = { width: 420, height: 860 };
const WIDE = { width: 1280, height: 720 };
const NUMBER = { customer: null, lookup: 'tel:+39 011 000 208' };
const PICTURES = {
  'widget-timeline': WIDE,
  'widget-timeline-dark': { ...WIDE, theme: 'dark' },
  'widget-detail': { ...WIDE, open: 'i26', values: { lang: 'fr' } },
  'widget-grid-dark': { ...WIDE, theme: 'dark', values: { view: 'grid' } },
  'widget-feed': { ...FEED, values: { lang: 'it' } },
  'widget-feed-detail': { ...FEED, open: 'i26', values: { lang: 'it' } },
  'widget-partial': { ...FEED, scenario: 'partial' },
  'widget-empty': { ...FEED, scenario: 'empty' },
  'widget-ambiguous': { ...FEED, scenario: 'ambiguous', values: NUMBER },
  'widget-denied': { ...FEED, scenario: 'denied' },
};
const STYLE = '<style>html { background: #e9edf2 } html.dark { background: #0c1015 }</style>';

const bench = await start();
mkdirSync(FOLDER, { recursive: true });
for (const [name, { scenario = 'usual', width, height, theme = 'light', values = {}, open }] of Object.entries(PICTURES)) {
  const html = pageOf(elementOf(scenario, { theme, ...values }), { head: STYLE, html: `lang="en" class="${theme}"` });
  const page = await bench.open(html, { width, height });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.mouse.move(1, 1);
  await page.evaluate(() => document.fonts.ready);
  if (open) {
    await page.locator(`customer-journey .item[data-id="${open}"]`).first().click();
    await page.locator('customer-journey .detail').waitFor();
  } else if (scenario === 'usual') {
    await page.waitForFunction(() => document.querySelector('customer-journey').matches(':state(live)'));
  }
  const { height: tall } = await page.locator('customer-journey').boundingBox();
  const shot = await page.screenshot({ clip: { x: 0, y: 0, width, height: open ? height : Math.min(height, Math.ceil(tall) + 24) } });
  const { size, pixels } = await page.evaluate(pixelsOf, shot.toString('base64'));
  writeFileSync(join(FOLDER, `${name}.png`), palettePng(...size, Buffer.from(pixels, 'base64')));
  await page.close();
}
await bench.close();

/** Runs in the page: a picture as red, green and blue. */
async function pixelsOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  canvas.drawImage(bitmap, 0, 0);
  const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
  const text = [];
  for (let at = 0; at < data.length; at += 4) text.push(String.fromCharCode(data[at], data[at + 1], data[at + 2]));
  return { size: [bitmap.width, bitmap.height], pixels: btoa(text.join('')) };
}
