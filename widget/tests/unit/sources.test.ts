import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../src');
const paths = (readdirSync(FOLDER, { recursive: true }) as string[]).filter((path) => path.endsWith('.ts'));

/** What no source may hold, and why. */
const FORBIDDEN: [string, RegExp][] = [
  ['a style attribute, which a strict policy refuses', /\sstyle=/],
  ['markup from a text', /innerHTML|outerHTML|insertAdjacentHTML|unsafeHTML|unsafeSVG|document\.write|\beval\(/],
  ['a place where a token could stay', /localStorage|sessionStorage|indexedDB|document\.cookie/],
  ['a log', /console\./],
  ['a time or date library, or a zone by hand', /getTimezoneOffset|Temporal\./],
];

test.each(FORBIDDEN)('no source holds %s', (_, pattern) => {
  expect(paths.length).toBeGreaterThan(30);
  expect(paths.filter((path) => pattern.test(readFileSync(join(FOLDER, path), 'utf8')))).toEqual([]);
});

test('no source is longer than 450 lines', () => {
  expect(paths.filter((path) => readFileSync(join(FOLDER, path), 'utf8').split('\n').length > 450)).toEqual([]);
});
