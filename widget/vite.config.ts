import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { minify } from 'terser';
import { defineConfig, type Plugin } from 'vite';
// @ts-expect-error: a plain script
import { filesBeside } from './scripts/files.mjs';

/** Style sheets lose what a browser does not need. */
function shortStyles(): Plugin {
  return {
    name: 'short-styles',
    enforce: 'pre',
    transform(code, id) {
      if (!/\/src\/styles\//.test(id)) return null;
      const short = code.replace(/\/\* css \*\/ `([^`]*)`/g, (_, sheet: string) => `\`${shortSheet(sheet)}\``);
      return { code: short, map: null };
    },
  };
}

/** Upright writing only: what direction cannot change has a shorter name. */
const PHYSICAL: Record<string, string> = {
  'inset-block-start': 'top', 'inset-block-end': 'bottom', 'inline-size': 'width', 'block-size': 'height',
  'margin-block-start': 'margin-top', 'margin-block-end': 'margin-bottom', 'padding-block-start': 'padding-top', 'padding-block-end': 'padding-bottom',
  'border-block-start': 'border-top', 'border-block-end': 'border-bottom',
};

const shortSheet = (sheet: string): string =>
  sheet.replace(/\s+/g, ' ').replace(/\b(inset-block-start|inset-block-end|inline-size|block-size|(?:margin|padding|border)-block-(?:start|end))(?=:)/g, (name) => PHYSICAL[name] ?? name).replace(/ ?([{};,]) ?/g, '$1').replace(/: /g, ':').replace(/;}/g, '}').trim();

/**
 * The members of our own classes and interfaces, which nobody outside the bundle sees: they get short names. What the API, a
 * host or a string of ours names the same keeps its name; the browser's own names the minifier knows.
 */
function ownMembers(): string[] {
  const folder = join(import.meta.dirname, 'src');
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
  const paths = (readdirSync(folder, { recursive: true }) as string[]).filter((path) => /\.(ts|json)$/.test(path)).sort();
  const shared = paths.filter((path) => /^(host|embed|adapters\/.*|api\/.*)\.ts$|json$/.test(path));
  const own = paths.filter((path) => !shared.includes(path)).map(read).join('\n');
  const strings = own.match(/(['"])[\w.-]+\1|\[data-\w+/g) ?? [];
  const kept = new Set([read('../../schema.graphql'), ...shared.map(read), ...strings].join(' ').match(/\w+/g));
  const members = own.matchAll(/^ {2}(?:readonly |private |declare |async |get )*(\w+)\??(?:[:(]| =)/gm);
  return [...new Set([...members].map(([, name]) => name ?? ''))].filter((name) => !kept.has(name)).sort();
}

/** Cleverness that saves characters costs bytes, once they are compressed. */
const TERSER = { module: true, compress: { passes: 2, ecma: 2022, inline: 0, reduce_funcs: false, collapse_vars: false, sequences: false }, mangle: { properties: { regex: new RegExp(`^(?:_\\$.*|${ownMembers().join('|')})$`), keep_quoted: true } } };

/**
 * Indentation of templates is for readers of the source: after minifying, line breaks are nowhere but in templates. Then a
 * second minifier makes the same code compress better, by 350 bytes of 36,000.
 */
function shortTemplates(): Plugin {
  return {
    name: 'short-templates',
    enforce: 'post',
    async generateBundle(_, files) {
      for (const file of Object.values(files)) {
        if (file.type !== 'chunk') continue;
        const flat = file.code.trim().replace(/>\n\s*|\n\s*(?=<)/g, (found) => (found.startsWith('>') ? '>' : '')).replace(/\n\s*/g, ' ');
        file.code = `${(await minify(flat, TERSER)).code ?? ''}\n`;
      }
    },
  };
}

const files = filesBeside() as Record<string, { text: string; integrity: string }>;
const integrity = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, file.integrity]));

const entry = process.env['ENTRY'] ?? 'cj';
const source = `src/${['cj', 'embed'].includes(entry) ? '' : 'adapters/'}${entry}.ts`;

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  define: { FILES: JSON.stringify(integrity) },
  plugins: [shortStyles(), shortTemplates()],
  build: {
    target: 'es2022',
    outDir: '../gateway/pages/widget',
    emptyOutDir: false,
    reportCompressedSize: false,
    license: entry === 'cj' && { fileName: 'licences.md' }, // the only one with somebody else's work in it
    rolldownOptions: { output: { minify: { compress: true, mangle: true, codegen: { removeWhitespace: true } } } },
    lib: { entry: source, formats: ['es'], fileName: () => `${entry}.js` },
  },
  test: { include: ['tests/unit/**/*.test.ts'], pool: 'threads' },
});
