import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Messages, Words, fill } from '../../src/i18n/words.js';

const FOLDER = join(import.meta.dirname, '../../src/i18n');
const read = (name: string): Messages => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Messages;
const en = read('en.json');
const others = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && name !== 'en.json');
const names = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)[,}]/g)].map(([, name]) => name ?? ''))].sort();

describe.each(others)('%s', (file) => {
  const messages = read(file);

  test('says everything, and nothing that is not asked', () => {
    expect(Object.keys(messages).sort()).toEqual(Object.keys(en).sort());
    expect(Object.entries(messages).filter(([, text]) => !text.trim())).toEqual([]);
  });

  test('names the same values', () => {
    for (const [key, text] of Object.entries(messages)) expect([key, names(text)]).toEqual([key, names(en[key] ?? '')]);
  });

  test('has a form for every number', () => {
    const rules = new Intl.PluralRules(file.replace('.json', ''));
    const numbers = new Intl.NumberFormat('en');
    for (const [key, text] of Object.entries(messages)) {
      for (const n of [0, 1, 2, 1000000]) expect(fill(text, { n }, rules, numbers), key).not.toMatch(/plural|#/);
    }
  });
});

describe('words', () => {
  const words = new Words('en-GB', en, 'Europe/Rome');

  test('plurals', () => {
    expect([1, 2, 1200].map((n) => words.t('contacts', { n }))).toEqual(['1 contact', '2 contacts', '1,200 contacts']);
  });

  test('a text that a source gave is never read as a message', () => {
    expect(words.t('detail.open', { source: '{n, plural, one {x} other {y}} $& {source}' })).toBe('Open in {n, plural, one {x} other {y}} $& {source}');
  });

  test('what a language lacks is said in English, and a host has the last word', () => {
    const some = new Words('it', { close: 'Chiudi' }, 'UTC', { retry: 'Encore' });
    expect([some.t('close'), some.t('retry'), some.t('customer')]).toEqual(['Chiudi', 'Encore', 'Customer']);
  });

  test('times are the viewer\'s, dates that are folded stay where they are', () => {
    expect(words.time('2026-11-20T23:30:00Z')).toBe('00:30');
    expect(words.day('2026-11-20', { day: 'numeric', month: 'long' })).toBe('20 November');
  });

  test('ages and durations', () => {
    expect([3_000, 200_000, 7_300_000, 200_000_000].map((ms) => words.age(ms))).toEqual(['3 sec ago', '3 min ago', '2 hr ago', '2 days ago']);
    expect([42, 744, 4_000, 354_600].map((seconds) => words.duration(seconds))).toEqual(['0:42', '12:24', '1:06:40', '4 days']);
  });

  test('names that the API may grow by fall back to what it says', () => {
    expect(words.named('channel', 'HOLOGRAM')).toBe('HOLOGRAM');
    expect(words.named('direction', 'UNKNOWN', '')).toBe('');
  });
});
