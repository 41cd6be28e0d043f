import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error: a plain script
import { analyze, fill, tables } from '../../scripts/manifest.mjs';

const WIDGET = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(WIDGET, path), 'utf8');
const source = ['src', 'src/view', 'src/styles'].flatMap((folder) => readdirSync(join(WIDGET, folder)).filter((name) => name.endsWith('.ts')).map((name) => read(`${folder}/${name}`))).join('\n');

interface Named {
  name: string;
}
const manifest = analyze() as { modules: { declarations: Record<'attributes' | 'events' | 'cssParts' | 'cssProperties' | 'cssStates' | 'slots', Named[]>[] }[] };
const element = manifest.modules[0]!.declarations[0]!;
const names = (list: readonly Named[]): string[] => list.map(({ name }) => name).sort();
const found = (pattern: RegExp): string[] => [...new Set([...source.matchAll(pattern)].flatMap(([, name]) => (name ?? '').split(/\s+/).map((each) => each.replace(/\$\{.*/, ''))))].filter(Boolean).sort();

test('the manifest and the documentation are what the element says', () => {
  expect(read('custom-elements.json')).toBe(`${JSON.stringify(manifest, null, 2)}\n`);
  const page = read('../docs/widget.md');
  expect(page).toBe(fill(page, tables(manifest)));
});

test('every attribute is described, and no other', () => {
  const [, list = ''] = source.match(/observedAttributes = \[([^\]]*)\]/) ?? [];
  expect([...list.matchAll(/'([\w-]+)'/g)].map(([, name]) => name).sort()).toEqual(names(element.attributes));
});

test('every event is described, and no other', () => {
  expect(found(/'(cj-[\w-]+)'/g)).toEqual(names(element.events));
});

test('every part is described, and no other', () => {
  const parts = found(/part="([^"]+)"/g).concat('item-failed', 'item-live');
  expect([...new Set(parts.filter((name) => /^[a-z-]+$/.test(name)))].sort()).toEqual(names(element.cssParts));
});

test('every slot is described, and no other', () => {
  expect(found(/<slot name="([\w-]+)"/g)).toEqual(names(element.slots));
});

test('every token is described, and no other', () => {
  expect(found(/var\((--cj-[\w-]+)/g)).toEqual(names(element.cssProperties));
});
