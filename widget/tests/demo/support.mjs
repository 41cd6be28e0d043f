// One `gateway demo` and one browser for a file of tests.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { ROOT } from '../../scripts/paths.mjs';
import { CHROMIUM } from '../browser/support.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const GATEWAY = process.env.GATEWAY ?? join(ROOT, '.venv/bin/gateway');

export async function startDemo() {
  const server = spawn(GATEWAY, ['demo', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let origin = null;
  for await (const line of createInterface({ input: server.stdout })) {
    origin = /Journey Gateway answers at (http:\/\/[\w.]+:\d+)/.exec(line)?.[1] ?? null;
    if (origin) break;
  }
  if (!origin) throw new Error('the demo did not start');
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  return new Demo(server, origin, browser);
}

class Demo {
  constructor(server, origin, browser) {
    this.server = server;
    this.origin = origin;
    this.browser = browser;
  }

  async close() {
    await this.browser.close();
    this.server.kill('SIGTERM');
    await new Promise((resolve) => this.server.on('exit', resolve));
  }

  /** Opens the page. What went wrong in it is in `page.complaints`; `expected` are answers that a browser complains of. */
  async open(choices = {}, { width = 1440, height = 1000, expected = /^$/, bypassCSP = false } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, locale: 'en-GB', timezoneId: 'Europe/Rome', bypassCSP });
    const page = await context.newPage();
    page.complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !expected.test(message.text())) page.complaints.push(message.text());
    });
    page.on('pageerror', (error) => page.complaints.push(error.stack ?? error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(this.origin) && !request.url().startsWith('data:')) page.complaints.push(`foreign request: ${request.url()}`);
    });
    await page.goto(`${this.origin}/demo?${new URLSearchParams({ lang: 'en', theme: 'light', width: 'feed', ...choices })}`);
    await settled(page);
    return page;
  }
}

/** The first answer is shown, and the telephone system has told who rings. */
export async function settled(page) {
  await page.waitForFunction(() => {
    const root = document.querySelector('customer-journey').shadowRoot?.querySelector('.root');
    return root?.getAttribute('aria-busy') === 'false' && document.querySelector('#phone').dataset.phase !== 'idle';
  });
}

export const streaming = (page) => page.waitForFunction(() => document.querySelector('customer-journey').matches(':state(live)'));

/** A contact that the widget shows, by what its name says. */
export const contact = (page, name) => page.locator('customer-journey').getByRole('button', { name });

export const widgetText = (page) => page.evaluate(() => document.querySelector('customer-journey').shadowRoot.querySelector('.root').innerText);

/** Everything that axe finds, the widget's inside too. The page must have been opened with `bypassCSP`. */
export async function axe(page) {
  await page.evaluate(AXE);
  return page.evaluate(async (runOnly) => {
    const { violations } = await window.axe.run(document, { runOnly, resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`);
  }, RULES);
}
