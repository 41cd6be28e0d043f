// Writes custom-elements.json from the element's own comments, and the tables of docs/widget.md from it.
// `--check` writes nothing and fails when what is there differs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ROOT, WIDGET, isMain } from './paths.mjs';

const MANIFEST = join(WIDGET, 'custom-elements.json');
const DOCS = join(ROOT, 'docs/widget.md');
const METHODS = ['refresh', 'select', 'clear'];
const PROPERTIES = ['getToken', 'context', 'strings', 'formatters'];

/** What the element promises, without what is its own business. */
export function analyze() {
  const folder = mkdtempSync(join(tmpdir(), 'journey-manifest-'));
  execFileSync(process.execPath, [join(WIDGET, 'node_modules/@custom-elements-manifest/analyzer/cem.js'), 'analyze', '--outdir', relative(WIDGET, folder), '--quiet'], { cwd: WIDGET, stdio: 'pipe' });
  const manifest = JSON.parse(readFileSync(join(folder, 'custom-elements.json'), 'utf8'));
  rmSync(folder, { recursive: true });
  for (const module of manifest.modules) {
    module.declarations = module.declarations.filter(({ customElement }) => customElement);
    module.exports = module.exports.filter(({ declaration }) => declaration.name === 'CustomerJourney');
    for (const element of module.declarations) {
      element.members = element.members.filter(({ kind, name, static: isStatic }) => !isStatic && (kind === 'method' ? METHODS : PROPERTIES).includes(name));
      element.attributes = element.attributes.filter(({ description }) => description);
      element.events = element.events.filter(({ description }) => description);
    }
  }
  return manifest;
}

const cell = (text) => (text ?? '').replace(/\s+/g, ' ').replaceAll('|', '\\|').trim();
const code = (text) => (text ? `\`${cell(text)}\`` : '');
const table = (heads, rows) => [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');

export function tables(manifest) {
  const [element] = manifest.modules.flatMap(({ declarations }) => declarations);
  const described = (what, each) => table([what, 'Meaning'], each.map(({ name, description }) => [code(name), cell(description)]));
  return {
    attributes: table(['Attribute', 'Type', 'Default', 'Meaning'], element.attributes.map(({ name, type, default: value, description }) => [code(name), code(type?.text), code(value), cell(description)])),
    properties: described('Property', element.members.filter(({ kind }) => kind === 'field')),
    methods: described('Method', element.members.filter(({ kind }) => kind === 'method').map(({ name, description, parameters = [] }) => ({ name: `${name}(${parameters.map((each) => each.name).join(', ')})`, description }))),
    events: described('Event', element.events),
    slots: described('Slot', element.slots),
    parts: described('Part', element.cssParts),
    states: described('State', element.cssStates ?? []),
    tokens: table(['Token', 'Default', 'Meaning'], element.cssProperties.map(({ name, default: value, description }) => [code(name), code(value), cell(description)])),
  };
}

/** The page with the tables between their markers. */
export function fill(page, filled) {
  return Object.entries(filled).reduce((text, [name, rows]) => {
    const pattern = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
    if (!pattern.test(text)) throw new Error(`docs/widget.md has no place for ${name}`);
    return text.replace(pattern, (_, open, close) => `${open}${rows}\n${close}`);
  }, page);
}

if (isMain(import.meta.url)) {
  const manifest = analyze();
  const files = { [MANIFEST]: `${JSON.stringify(manifest, null, 2)}\n`, [DOCS]: fill(readFileSync(DOCS, 'utf8'), tables(manifest)) };
  for (const [path, text] of Object.entries(files)) {
    if (!process.argv.includes('--check')) writeFileSync(path, text);
    else if (readFileSync(path, 'utf8') !== text) throw new Error(`${relative(ROOT, path)} is not what the element says; run "npm run manifest"`);
  }
}
