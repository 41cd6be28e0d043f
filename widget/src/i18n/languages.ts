import { fileBeside, isBeside } from '../files.js';
import en from './en.json';
import type { Messages } from './words.js';

const known = new Map<string, Promise<Messages>>([['en', Promise.resolve(en)]]);

/** "it-CH" is spoken as "it"; what nobody translated, as English. */
export function spoken(language: string): string {
  const base = language.toLowerCase().split('-')[0] ?? '';
  return isBeside(base) ? base : 'en';
}

/** The messages of a language, fetched once; English when they cannot be had. */
export function messagesOf(language: string): Promise<Messages> {
  const name = spoken(language);
  let messages = known.get(name);
  if (!messages) {
    messages = fileBeside<Messages>(name).catch(() => {
      known.delete(name);
      return en;
    });
    known.set(name, messages);
  }
  return messages;
}

/** The language that is spoken, with the region of the page or, where that names none, of the browser: dates differ by it. */
export function regional(language: string): string {
  const base = spoken(language);
  return [language, ...navigator.languages].find((name) => name.toLowerCase().startsWith(`${base}-`)) ?? base;
}
