// Builds everything that the gateway serves of the widget: the same bytes from the same sources, on every machine.
// `--check` builds elsewhere and fails when what is committed holds anything else.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { filesBeside, integrityOf } from './files.mjs';
import { generate } from './operations.mjs';
import { BUNDLE, WIDGET, isMain } from './paths.mjs';

export const ENTRIES = ['cj', 'embed', 'frame', 'chatwoot', 'salesforce', 'dynamics', 'finesse', 'webex'];
/** Of the agent's bundle with one language, gzipped, in bytes. */
export const BUDGET = 35_000;

const VERSION = JSON.parse(readFileSync(join(WIDGET, 'package.json'), 'utf8')).version;

/** Writes every file into `folder`, and returns what manifest.json says of them. */
export async function buildInto(folder) {
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries(generate())) if (path.endsWith('.ts')) writeFileSync(path, text);
  for (const entry of ENTRIES) {
    process.env.ENTRY = entry;
    await build({ configFile: join(WIDGET, 'vite.config.ts'), logLevel: 'error', build: { outDir: folder } });
  }
  writeFileSync(join(folder, 'cj.d.ts'), declarations());
  for (const [name, { text }] of Object.entries(filesBeside())) writeFileSync(join(folder, `${name}.json`), text);
  const names = readdirSync(folder).filter((name) => name !== 'manifest.json').sort();
  const files = Object.fromEntries(names.map((name) => {
    const bytes = readFileSync(join(folder, name));
    return [name, { integrity: integrityOf(bytes), bytes: bytes.length }];
  }));
  const manifest = { version: VERSION, files };
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** What a host's compiler needs to know: the types that the element itself is held against. */
const declarations = () => `${readFileSync(join(WIDGET, 'src/host.ts'), 'utf8')}
export declare const CustomerJourney: new () => CustomerJourneyElement;
`;

/** As `gzip -9` makes it; Node's own zlib packs a little less tightly. */
export const gzippedSize = (path) => execFileSync('gzip', ['-9', '-n', '-c', path]).length;

async function main() {
  const check = process.argv.includes('--check');
  const folder = check ? mkdtempSync(join(tmpdir(), 'journey-widget-')) : BUNDLE;
  if (!check) rmSync(BUNDLE, { recursive: true, force: true });
  const { files } = await buildInto(folder);
  if (check) {
    const names = [...new Set([...readdirSync(folder), ...readdirSync(BUNDLE)])].sort();
    const different = names.filter((name) => !sameBytes(join(folder, name), join(BUNDLE, name)));
    rmSync(folder, { recursive: true });
    if (different.length) throw new Error(`not what is built from the sources: ${different.join(', ')}; run "make bundles"`);
  }
  for (const name of Object.keys(files)) console.log(`${name.padEnd(16)}${String(files[name].bytes).padStart(8)} B${String(gzippedSize(join(BUNDLE, name))).padStart(8)} B gzipped`);
  const size = gzippedSize(join(BUNDLE, 'cj.js'));
  if (size > BUDGET) throw new Error(`cj.js takes ${size} bytes gzipped, ${size - BUDGET} more than it may`);
}

function sameBytes(one, other) {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch {
    return false;
  }
}

if (isMain(import.meta.url)) await main();
