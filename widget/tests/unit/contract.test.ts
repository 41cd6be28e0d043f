import { existsSync, readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
// @ts-expect-error: a plain script
import { generate } from '../../scripts/operations.mjs';
// @ts-expect-error: a plain script
import { SCHEMA } from '../../scripts/paths.mjs';

const files = generate() as Record<string, string>;

test('what is checked in was written from the schema', () => {
  for (const [path, text] of Object.entries(files)) expect(existsSync(path) && readFileSync(path, 'utf8') === text, path).toBe(true);
});

test('every document fits the schema and the gateway\'s limits', () => {
  const schema = buildSchema(readFileSync(SCHEMA as string, 'utf8'), { assumeValidSDL: true });
  const documents = Object.entries(files).find(([path]) => path.endsWith('documents.json'))?.[1] ?? '{}';
  for (const text of Object.values(JSON.parse(documents) as Record<string, string>)) {
    expect(validate(schema, parse(text))).toEqual([]);
    expect(text.match(/[A-Za-z_]\w*|[^\s\w]/g)?.length).toBeLessThan(1_000);
  }
});
