// Builds what the gateway serves below /graphiql: the same bytes from the same sources, on every machine.
// `--check` builds elsewhere and fails when the gateway's folder holds anything else.
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const SERVED = join(HERE, '../gateway/pages/graphiql');
const check = process.argv.includes('--check');

const folder = check ? mkdtempSync(join(tmpdir(), 'journey-graphiql-')) : SERVED;
await build({ configFile: join(HERE, 'vite.config.js'), logLevel: 'warn', build: { outDir: folder, emptyOutDir: true } });

const names = [...new Set([...readdirSync(folder), ...readdirSync(SERVED)])].sort();
const different = names.filter((name) => !sameBytes(join(folder, name), join(SERVED, name)));
if (check) rmSync(folder, { recursive: true });
if (different.length) throw new Error(`not what is built from the sources: ${different.join(', ')}; run "npm run build"`);
for (const name of names) console.log(`${name.padEnd(16)}${String(statSync(join(SERVED, name)).size).padStart(8)} B`);

function sameBytes(one, other) {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch {
    return false;
  }
}
