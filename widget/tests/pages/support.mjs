// The gateway itself, beside hosts of ours, for what only it serves: the page for frames, and GraphiQL.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { ROOT } from '../../scripts/paths.mjs';
import { CHROMIUM } from '../browser/support.mjs';

/** Starts the gateway, which lets pages of these origins in. */
export async function startGateway(origins = []) {
  const running = spawn(join(ROOT, '.venv/bin/python'), ['-m', 'tests.gateway.pages.serve', ...origins], { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(running, 'exit');
  for await (const line of createInterface({ input: running.stdout })) {
    const { address, tokens } = JSON.parse(line);
    const close = () => {
      running.stdin.end();
      return ended;
    };
    return { address, close, as: (viewer) => (query, variables) => ask(address, tokens[viewer], query, variables), tokens };
  }
  throw new Error('the gateway did not start');
}

async function ask(address, token, query, variables) {
  const answer = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

/** A host page's own server. `page.html` is what it answers. */
export async function startHost() {
  const page = { html: '' };
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page.html));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(page, { address: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((resolve) => server.close(resolve)) });
}

export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

/** A page; what it complains of is in `complaints`, and everything it asks for must be at one of these addresses. */
export async function openPage(browser, ...addresses) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.complaints = [];
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
  page.on('pageerror', (error) => page.complaints.push(error.stack ?? error.message));
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !addresses.some((address) => request.url().startsWith(`${address}/`))) page.complaints.push(`foreign request: ${request.url()}`);
  });
  return page;
}
