import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
// @ts-expect-error: a plain script
import { BUNDLE, ROOT, WIDGET } from '../../scripts/paths.mjs';

interface Named {
  name: string;
  kind?: string;
}
const manifest = JSON.parse(readFileSync(join(WIDGET as string, 'custom-elements.json'), 'utf8')) as { modules: { declarations: Record<string, Named[]>[] }[] };
const [element = {}] = manifest.modules[0]?.declarations ?? [];
const names = (list: string): string[] => (element[list] ?? []).map(({ name }) => name);
const attributes = names('attributes');
const members = names('members');
const events = names('events');
const properties = [...members, ...attributes.map((name) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()))];

const page = readFileSync(join(ROOT as string, 'docs/widget.md'), 'utf8');
const snippets = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language = '', code = '']) => ({ language, code }));
const all = (pattern: RegExp, code: string): string[] => [...code.matchAll(pattern)].map(([, name]) => name ?? '');
const host = readFileSync(join(WIDGET as string, 'src/host.ts'), 'utf8');

test('there is something to copy for every kind of host', () => {
  expect(new Set(snippets.map(({ language }) => language))).toEqual(new Set(['html', 'jsx', 'vue', 'js', 'ts', 'css']));
  for (const name of ['frame', 'chatwoot', 'salesforce', 'dynamics', 'finesse', 'webex']) expect(page, name).toContain(`/widget/1/${name}.js`);
});

describe.each(snippets.map(({ language, code }, index) => [`${index + 1} (${language})`, code] as const))('snippet %s', (_, code) => {
  test('uses attributes and bindings that there are', () => {
    for (const tag of all(/<customer-journey\s([^>]*)>/g, code.replaceAll('=>', '')) ) {
      for (const name of all(/(?:^|\s)([:.@\w-]+)=/g, tag)) {
        if (name.startsWith('@')) expect(events).toContain(name.slice(1));
        else if (name.startsWith('.')) expect(properties).toContain(name.slice(1));
        else if (name !== 'ref') expect(attributes).toContain(name.replace(/^:/, ''));
      }
    }
  });

  test('listens to events, and sets properties, that there are', () => {
    for (const name of all(/['"](cj-[\w-]+)['"]/g, code)) expect(events).toContain(name);
    for (const name of all(/\b(?:element|journey)\.(\w+)\b/g, code)) {
      if (!['addEventListener', 'removeEventListener'].includes(name)) expect(properties).toContain(name);
    }
  });

  test('names slots, parts, states and tokens that there are', () => {
    for (const name of all(/slot="([\w-]+)"/g, code)) expect(names('slots')).toContain(name);
    for (const name of all(/::part\(([\w-]+)\)/g, code)) expect(names('cssParts')).toContain(name);
    for (const name of all(/:state\(([\w-]+)\)/g, code)) expect(names('cssStates')).toContain(name);
    for (const name of all(/(--cj-[\w-]+)/g, code)) expect(names('cssProperties')).toContain(name);
  });

  test('imports what is served', () => {
    for (const [, imported = '', file = ''] of code.matchAll(/import \{ (\w+) \} from '[^']*\/widget\/1\/([\w.]+)'/g)) {
      expect(existsSync(join(BUNDLE as string, file)), file).toBe(true);
      expect(readFileSync(join(BUNDLE as string, file), 'utf8'), file).toMatch(new RegExp(`export\\{[^}]*\\b${imported}\\b`));
    }
  });
});

test('the declarations for hosts say what the manifest says', () => {
  const declared = host.slice(host.indexOf('interface CustomerJourneyElement'), host.indexOf('declare global'));
  const own = all(/^ {2}(\w+)[?:(]/gm, declared);
  expect(own.concat('lang').sort()).toEqual([...new Set(properties)].sort());
  expect(all(/^ {2}'(cj-[\w-]+)'/gm, host).sort()).toEqual([...events].sort());
});
