// One gateway and one browser for a file of tests.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { TOKEN, startGateway } from './gateway.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export async function start() {
  const gateway = await startGateway();
  gateway.pages.set('/host.js', { html: hostScript(), headers: { 'content-type': 'text/javascript' } });
  gateway.pages.set('/host.css', { html: 'body { margin: 12px } body.dark { background: #0c1015 }', headers: { 'content-type': 'text/css' } });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  return new Bench(gateway, browser);
}

export const hostScript = (more = '') => `
window.told = [];
for (const name of ['cj-ready', 'cj-state', 'cj-select', 'cj-close', 'cj-filter', 'cj-view', 'cj-live', 'cj-open-source', 'cj-identity-choose', 'cj-token-needed', 'cj-error'])
  document.addEventListener(name, (event) => window.told.push({ name, detail: event.detail, from: event.target.id }));
for (const element of document.querySelectorAll('customer-journey')) element.getToken = async () => ${JSON.stringify(TOKEN)};
${more}`;

const attributes = (values) => Object.entries(values).filter(([, value]) => value !== undefined && value !== null).map(([name, value]) => ` ${name}="${value}"`).join('');

export const elementOf = (scenario, values = {}, inside = '') => `<customer-journey${attributes({
  endpoint: `/graphql/${scenario}`, customer: 'CU-104872', lang: 'en', timezone: 'UTC', theme: 'light', ...values,
})}>${inside}</customer-journey>`;

export const pageOf = (body, { head = '', html = 'lang="en"', before = '' } = {}) => `<!doctype html><html ${html}><head><meta charset="utf-8"><title>Host</title><link rel="icon" href="data:,">
${head}<link rel="stylesheet" href="/host.css">${before}<script type="module" src="/widget/cj.js"></script><script type="module" src="/host.js"></script></head><body><main>${body}</main></body></html>`;

class Bench {
  #pages = 0;

  constructor(gateway, browser) {
    this.gateway = gateway;
    this.browser = browser;
  }

  /** A page that is left open goes on working, and takes its time from the tests that follow. */
  async closePages() {
    await Promise.all(this.browser.contexts().map((context) => context.close()));
  }

  async close() {
    await this.browser.close();
    await this.gateway.close();
  }

  /** Opens a page on its own path; what went wrong in it is in `page.complaints`. */
  async open(html, { width = 1280, height = 800, headers = {}, clock = false, locale = 'en-GB', settle = true } = {}) {
    const path = `/page-${(this.#pages += 1)}`;
    this.gateway.pages.set(path, { html, headers });
    const page = await this.browser.newPage({ viewport: { width, height }, locale });
    page.complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) page.complaints.push(message.text());
    });
    page.on('pageerror', (error) => page.complaints.push(error.stack ?? error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(this.gateway.origin) && !request.url().startsWith('data:')) page.complaints.push(`foreign request: ${request.url()}`);
    });
    if (clock) await page.clock.install();
    await page.goto(`${this.gateway.origin}${path}`);
    if (settle) await page.waitForFunction(() => document.querySelector('customer-journey')?.shadowRoot?.querySelector('.root')?.getAttribute('aria-busy') === 'false');
    return page;
  }

  show(scenario, values = {}, options = {}) {
    return this.open(pageOf(elementOf(scenario, values)), options);
  }
}

/** Runs in the page: what the element's shadow root says. */
export const inside = (page, selector, ask = (element) => element?.textContent.replace(/\s+/g, ' ').trim() ?? null) =>
  page.locator('customer-journey').first().locator(selector).first().evaluate(ask);

export const text = (page) => page.locator('customer-journey').first().evaluate((element) => element.shadowRoot.querySelector('.root').innerText);

/** What axe finds; what it cannot decide about contrast, `lowContrast` does. */
export async function axe(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run('customer-journey', { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'], rules: { region: { enabled: false }, 'heading-order': { enabled: false }, 'landmark-unique': { enabled: true } } });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`);
  });
}

/** The texts below 4.5:1 and the marks below 3:1, blended as the browser paints them. */
export function lowContrast(page) {
  return page.locator('customer-journey').first().evaluate((host) => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const remembered = (work) => {
      const known = new Map();
      return (key) => {
        if (!known.has(key)) known.set(key, work(key));
        return known.get(key);
      };
    };
    const rgba = remembered((colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    });
    const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
    const luminance = (colour) => colour.slice(0, 3).map((unit) => (unit / 255 <= 0.04045 ? unit / 255 / 12.92 : ((unit / 255 + 0.055) / 1.055) ** 2.4)).reduce((sum, unit, index) => sum + unit * [0.2126, 0.7152, 0.0722][index], 0);
    const ratio = (one, other) => {
      const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
      return (high + 0.05) / (low + 0.05);
    };
    const parentOf = (element) => element.assignedSlot ?? element.parentElement ?? element.getRootNode().host ?? null;
    const behind = remembered((element) => {
      const parent = parentOf(element);
      const layer = rgba(getComputedStyle(element).backgroundColor);
      return layer[3] === 1 ? layer : over(layer, parent ? behind(parent) : [255, 255, 255, 1]);
    });
    const low = [];
    const measure = (element, colour, ground, needed, what) => {
      const { opacity } = getComputedStyle(element);
      const [r, g, b, a] = rgba(colour);
      const found = ratio(over([r, g, b, a * Number(opacity)], ground), ground);
      if (found < needed - 0.01) low.push(`${what} ${found.toFixed(2)} ${element.outerHTML.slice(0, 120)}`);
    };
    for (const element of host.shadowRoot.querySelectorAll('*')) {
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest('[disabled], .reloading, .overview')) continue;
      const style = getComputedStyle(element);
      const ownText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (ownText && !element.closest('.hidden')) measure(element, style.color, behind(element), 4.5, 'text');
      if (element.matches('svg, path') && style.stroke !== 'none') measure(element, style.stroke, behind(element.closest('span, button, div, p')), 3, 'drawing');
      if (element.matches('.dot, .spot:not(.off), .dots i:not(.off), .bar, .spark i:last-child')) measure(element, style.backgroundColor, behind(parentOf(element)), 3, 'mark');
      if (element.matches('.light, .cross')) measure(element, style.backgroundColor, rgba(style.borderTopColor), 3, 'badge within its rim');
      if (element.matches('.button, .chip, select, input, .switch, .candidates button')) measure(element, style.borderTopColor, behind(parentOf(element)), 3, 'edge');
    }
    return [...new Set(low)];
  });
}

export function clean(page) {
  assert.deepEqual(page.complaints, []);
}
