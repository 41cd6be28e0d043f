import type { Formatters } from '../host.js';
import en from './en.json';

export type Messages = Record<string, string>;
export type MessageKey = keyof typeof en;
export type Values = Record<string, string | number>;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The words of one language and zone: messages, instants, numbers. Formatters are dear, so each is made once. */
export class Words {
  readonly #formats = new Map<string, Intl.DateTimeFormat>();
  readonly #plurals: Intl.PluralRules;
  readonly #ages: Intl.RelativeTimeFormat;
  readonly #agesLong: Intl.RelativeTimeFormat;
  readonly #numbers: Intl.NumberFormat;
  readonly #lists: Intl.ListFormat;

  constructor(
    readonly language: string,
    private readonly messages: Messages,
    readonly zone: string,
    private readonly overrides: Partial<Messages> = {},
    private readonly formatters: Formatters = {},
  ) {
    this.#plurals = new Intl.PluralRules(language);
    this.#ages = new Intl.RelativeTimeFormat(language, { style: 'short' });
    this.#agesLong = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
    this.#numbers = new Intl.NumberFormat(language);
    this.#lists = new Intl.ListFormat(language);
  }

  /** A message; English where the language lacks it. */
  readonly t = (key: MessageKey, values?: Values): string => {
    const text = this.overrides[key] ?? this.messages[key] ?? en[key];
    return values ? fill(text, values, this.#plurals, this.#numbers) : text;
  };

  /** A message whose key the API's values make up; `fallback` for values that are newer than this widget. */
  named(group: string, name: string, fallback = name): string {
    const key = `${group}.${name.toLowerCase()}` as MessageKey;
    return key in en ? this.t(key) : fallback;
  }

  time(instant: string): string {
    return this.formatters.time?.(instant) ?? this.format(instant, { hour: '2-digit', minute: '2-digit' });
  }

  /** With the year, and the weekday where there is room. */
  date(instant: string, style: 'full' | 'long' = 'long'): string {
    return this.formatters.date?.(instant) ?? this.format(instant, style === 'full'
      ? { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' }
      : { day: 'numeric', month: 'long', year: 'numeric' });
  }

  stamp(instant: string): string {
    return this.format(instant, { day: '2-digit', month: 'short', year: '2-digit', hour: '2-digit', minute: '2-digit' });
  }

  /** Of a date such as 2026-11-20, which is in no zone any more. */
  day(date: string, options: Intl.DateTimeFormatOptions): string {
    return this.format(`${date}T12:00:00Z`, options, 'UTC');
  }

  /** "3 seconds ago"; `ms` is positive for the past. */
  age(ms: number, long = false): string {
    const seconds = Math.max(0, Math.round(ms / 1000));
    const [value, unit] = seconds < MINUTE ? [seconds, 'second'] as const
      : seconds < HOUR ? [Math.floor(seconds / MINUTE), 'minute'] as const
        : seconds < DAY ? [Math.floor(seconds / HOUR), 'hour'] as const
          : [Math.floor(seconds / DAY), 'day'] as const;
    return (long ? this.#agesLong : this.#ages).format(-value, unit);
  }

  duration(seconds: number): string {
    if (this.formatters.duration) return this.formatters.duration(seconds);
    const two = (value: number): string => String(value).padStart(2, '0');
    const [hours, minutes] = [Math.floor(seconds / HOUR), Math.floor((seconds % HOUR) / MINUTE)];
    if (hours >= 48) return this.t('days', { n: Math.round(seconds / DAY) });
    return hours ? `${hours}:${two(minutes)}:${two(seconds % MINUTE)}` : `${minutes}:${two(seconds % MINUTE)}`;
  }

  number(value: number): string {
    return this.formatters.number?.(value) ?? this.#numbers.format(value);
  }

  list(items: readonly string[]): string {
    return this.#lists.format(items);
  }

  private format(instant: string, options: Intl.DateTimeFormatOptions, zone = this.zone): string {
    const key = zone + JSON.stringify(options);
    let format = this.#formats.get(key);
    if (!format) this.#formats.set(key, (format = new Intl.DateTimeFormat(this.language, { timeZone: zone, ...options })));
    return format.format(Date.parse(instant));
  }
}

/** The part of ICU's messages that is needed: `{name}` and `{n, plural, one {# thing} other {# things}}`. */
export function fill(text: string, values: Values, plurals: Intl.PluralRules, numbers: Intl.NumberFormat): string {
  return text.replace(/\{(\w+)(?:, plural,((?: (?:=\d+|\w+) \{[^{}]*\})+))?\}/g, (whole, name: string, forms?: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    const shown = typeof value === 'number' ? numbers.format(value) : value;
    if (!forms) return shown;
    const choices = new Map([...forms.matchAll(/ (=?\w+) \{([^{}]*)\}/g)].map(([, form, words]) => [form ?? '', words ?? '']));
    const chosen = choices.get(`=${value}`) ?? choices.get(plurals.select(Number(value))) ?? choices.get('other') ?? '';
    return chosen.replaceAll('#', shown);
  });
}
