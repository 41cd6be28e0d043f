import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from './operations.mjs';
import { BUNDLE, WIDGET } from './paths.mjs';

const LANGUAGES = join(WIDGET, 'src/i18n');

export const integrityOf = (bytes, hash = 'sha384') => `${hash}-${createHash(hash).update(bytes).digest('base64')}`;

/** The JSON files that lie beside the bundle: the documents' texts, and every language but English, which is built in. */
export function filesBeside() {
  const names = readdirSync(LANGUAGES).filter((name) => name.endsWith('.json') && name !== 'en.json').sort();
  const texts = names.map((name) => [name.replace('.json', ''), JSON.stringify(JSON.parse(readFileSync(join(LANGUAGES, name), 'utf8')))]);
  texts.push(['documents', generate()[join(BUNDLE, 'documents.json')]]);
  return Object.fromEntries(texts.map(([name, text]) => [name, { text, integrity: integrityOf(text, 'sha256') }]));
}
