// What a host page and the /embed page tell each other. First by window messages between two exact origins, then over a
// MessageChannel that only the two of them hold.

/** What a host says about whom to show; everything but the token becomes an attribute of the element. */
export interface EmbedContext {
  customer?: string | null;
  lookup?: string | null;
  interaction?: string | null;
  lang?: string | null;
  theme?: string | null;
  density?: string | null;
  timezone?: string | null;
  view?: string | null;
}

export const CONTEXT_NAMES = ['customer', 'lookup', 'interaction', 'lang', 'theme', 'density', 'timezone', 'view'] as const;

export type FromHost =
  | { type: 'cj:context'; context: EmbedContext; token?: string; expiresAt?: string | null }
  | { type: 'cj:token'; token: string; expiresAt?: string | null };

export type FromEmbed =
  | { type: 'cj:ready' }
  | { type: 'cj:token-needed' }
  | { type: 'cj:resize'; height: number }
  | { type: 'cj:event'; name: string; detail: unknown };

/** Told to the host as they happen; ids and counts only. */
export const EVENT_NAMES = ['cj-ready', 'cj-state', 'cj-select', 'cj-close', 'cj-filter', 'cj-view', 'cj-live', 'cj-open-source', 'cj-identity-choose', 'cj-token-needed', 'cj-error'] as const;
