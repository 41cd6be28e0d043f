/** Types for pages that embed `<customer-journey>`; the build hands them on as `cj.d.ts`. */

/** A token as the host's back end got it: bare, when it is used until it is refused, or with the instant it ends at. */
export type Token = string | { token: string; expiresAt?: string | null };
export type GetToken = () => Token | Promise<Token>;

/** What a host may format in its own way. Instants are RFC 3339. */
export interface Formatters {
  time?: (instant: string) => string;
  date?: (instant: string) => string;
  duration?: (seconds: number) => string;
  number?: (value: number) => string;
}

export type JourneyState = 'idle' | 'loading' | 'ready' | 'live' | 'partial' | 'stale' | 'empty' | 'ambiguous' | 'not-found' | 'denied' | 'error';

/** Ids and counts, never a customer's data. */
export interface JourneyEventDetails {
  'cj-ready': { count: number };
  'cj-state': { state: JourneyState; sources: { ok: number; all: number } };
  'cj-select': { id: string; channel: string };
  'cj-close': { id: string };
  'cj-filter': { period: number; channels: readonly string[] | null; campaign: string | null; hasQuery: boolean };
  'cj-view': { view: 'timeline' | 'grid' };
  'cj-live': { count: number };
  'cj-open-source': { id: string; url: string };
  'cj-identity-choose': { id: string };
  'cj-token-needed': { reason: 'missing' | 'failed' | 'refused' };
  'cj-error': { code: string; requestId: string | null };
}

export type JourneyEvents = { [Name in keyof JourneyEventDetails]: CustomEvent<JourneyEventDetails[Name] & { context?: unknown }> };

export interface CustomerJourneyElement extends HTMLElement {
  endpoint: string | null;
  customer: string | null;
  lookup: string | null;
  interaction: string | null;
  view: 'timeline' | 'grid';
  period: number;
  channels: string | null;
  campaign: string | null;
  query: string | null;
  journey: string | null;
  apply: 'now' | 'search';
  live: 'on' | 'off';
  timezone: string | null;
  theme: 'light' | 'dark' | 'auto';
  density: 'compact' | 'cosy';
  pageSize: number;
  getToken: GetToken | null;
  context: unknown;
  strings: Record<string, string>;
  formatters: Formatters;
  refresh(): void;
  select(id: string): void;
  clear(): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'customer-journey': CustomerJourneyElement;
  }
  interface HTMLElementEventMap extends JourneyEvents {}
}
