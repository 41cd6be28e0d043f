// The script that judges a brand's colours.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { promisify } from 'node:util';
import { themeFaults } from '../../scripts/theme.mjs';
import { start } from './support.mjs';

let bench;
before(async () => {
  bench = await start();
});
afterEach(() => bench.closePages());
after(() => bench.close());

test('the widget\'s own colours pass', async () => {
  assert.deepEqual(await themeFaults(bench, ''), []);
});

test('a text and a mark that are too faint are named, in the theme where they are', async () => {
  const faults = await themeFaults(bench, 'customer-journey { --cj-accent: light-dark(#9bb8f0, #8fb2ff); --cj-ch-sms: #c9d97a; }');
  assert.ok(faults.some((fault) => /^light: --cj-accent on --cj-surface has 2\.\d\d:1, needs 4\.5:1$/.test(fault)), faults.join('\n'));
  assert.ok(faults.some((fault) => /^light: --cj-ch-sms on --cj-surface has 1\.\d\d:1, needs 3:1$/.test(fault)), faults.join('\n'));
  assert.ok(!faults.some((fault) => fault.startsWith('dark: --cj-accent')), faults.join('\n'));
});

test('as a command it fails on a bad theme', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'journey-theme-'));
  const path = join(folder, 'bad.css');
  writeFileSync(path, 'customer-journey { --cj-text-muted: #b9c2cc; }');
  const ran = promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../scripts/theme.mjs'), path]);
  await assert.rejects(ran, ({ code, stdout }) => code === 1 && /light: --cj-text-muted on --cj-surface-2/.test(stdout));
  rmSync(folder, { recursive: true });
});
