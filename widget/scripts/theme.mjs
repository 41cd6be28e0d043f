// Holds a brand's colours against what they stand on, in a browser: npm run theme-check -- brand.css
// The file sets --cj-… on customer-journey, as a host page would. Fails when a text has less than 4.5:1 or a mark less than 3:1.
import { readFileSync } from 'node:fs';
import { elementOf, lowContrast, pageOf, start } from '../tests/browser/support.mjs';
import { isMain } from './paths.mjs';

const TEXT = 4.5;
const MARK = 3;
/** What each token is called inside, where it is drawn with. */
const INSIDE = {
  surface: '--s1', 'surface-2': '--s2', 'surface-3': '--s3', 'border-strong': '--edge', text: '--text', 'text-muted': '--muted',
  accent: '--accent', 'accent-soft': '--accent-soft', ok: '--ok', warn: '--warn', danger: '--danger',
};
const CHANNELS = ['voice', 'mobile', 'office', 'whatsapp', 'chat', 'ticket', 'email', 'sms', 'survey'];

/** Token, its partners and what it needs; a partner `tint` is the surface with a tenth of the token itself. */
export const PARTNERS = [
  ['text', ['surface', 'surface-2', 'surface-3', 'accent-soft'], TEXT],
  ['text-muted', ['surface', 'surface-2'], TEXT],
  ['accent', ['surface', 'accent-soft'], TEXT],
  ...['ok', 'warn', 'danger'].map((name) => [name, ['surface', 'tint'], TEXT]),
  ['border-strong', ['surface'], MARK],
  ...CHANNELS.map((name) => [`ch-${name}`, ['surface', 'tint'], MARK]),
];

/** A line for each token, and for each thing drawn with it, that is too faint. */
export async function themeFaults(bench, css) {
  const faults = [];
  for (const theme of ['light', 'dark']) {
    const page = await bench.open(pageOf(elementOf('usual', { theme }), { head: `<style>${css}</style>` }));
    const ratios = await page.evaluate(measure, [PARTNERS, INSIDE]);
    for (const [token, partner, needed, ratio] of ratios) {
      if (ratio < needed) faults.push(`${theme}: --cj-${token} on ${partner === 'tint' ? 'its own tint' : `--cj-${partner}`} has ${ratio.toFixed(2)}:1, needs ${needed}:1`);
    }
    await page.locator('customer-journey .item[data-id="i26"]').click();
    faults.push(...(await lowContrast(page)).map((found) => `${theme}: ${found}`));
    await page.close();
  }
  return faults;
}

/** Runs in the page, on colours as the browser works them out. */
function measure([partners, inside]) {
  const root = document.querySelector('customer-journey').shadowRoot.querySelector('.root');
  const probe = root.appendChild(document.createElement('i'));
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const luminance = (value) => {
    probe.style.setProperty('color', value);
    canvas.fillStyle = getComputedStyle(probe).color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((unit) => (unit / 255 <= 0.04045 ? unit / 255 / 12.92 : ((unit / 255 + 0.055) / 1.055) ** 2.4));
    return r * 0.2126 + g * 0.7152 + b * 0.0722;
  };
  const ratio = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const found = partners.flatMap(([token, on, needed]) => {
    probe.className = token.replace(/^ch-/, 'c-');
    const own = token.startsWith('ch-') ? 'var(--c)' : `var(${inside[token]})`;
    return on.map((partner) => [token, partner, needed, ratio(own, partner === 'tint' ? `color-mix(in oklab, ${own} 10%, var(--s1))` : `var(${inside[partner]})`)]);
  });
  probe.remove();
  return found;
}

if (isMain(import.meta.url)) {
  const [path] = process.argv.slice(2);
  if (!path) throw new Error('usage: npm run theme-check -- brand.css');
  const bench = await start();
  const faults = await themeFaults(bench, readFileSync(path, 'utf8'));
  await bench.close();
  for (const fault of faults) console.log(fault);
  console.log(faults.length ? `${faults.length} too faint` : 'every text has 4.5:1, every mark 3:1');
  process.exitCode = faults.length ? 1 : 0;
}
