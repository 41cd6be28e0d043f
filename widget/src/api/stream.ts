import { type Body, type Client, RequestError, failureOf } from './client.js';
import type { Operation } from './operations.js';
import { TokenError } from './tokens.js';

/** One event of a `text/event-stream`; `beat` for a comment, which only says that the line is alive. */
export interface ServerEvent {
  event: string;
  data: string;
}

/** Splits a body into events, whatever the chunks are cut at. Source: HTML, "Interpreting an event stream". */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let event = '';
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (data.length || event) yield { event: event || 'message', data: data.join('\n') };
          event = '';
          data = [];
        } else if (line.startsWith(':')) {
          yield { event: 'beat', data: '' };
        } else if (line.startsWith('event:')) {
          event = line.slice(6).trim();
        } else if (line.startsWith('data:')) {
          data.push(line.slice(line[5] === ' ' ? 6 : 5));
        }
      }
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

export interface Listener<Data> {
  opened(): void;
  /** The line is alive. */
  beat(): void;
  next(data: Data): void;
  /** The line is down; it is tried again after `retryMs`. */
  lost(retryMs: number): void;
  /** It will not be tried again. */
  refused(error: RequestError | TokenError): void;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;
/** The gateway sends a comment at least every 15 seconds: three missed ones are a dead line. */
const SILENCE_MS = 45_000;
const FINAL = new Set(['FORBIDDEN', 'UNAUTHENTICATED']);

/**
 * Listens to one subscription over server-sent events ("distinct connections mode" of GraphQL over SSE), for ever:
 * a line that breaks is opened again, with a fresh token and the variables of that moment.
 */
export function listen<Data, Variables>(
  client: Client,
  operation: Operation<Data, Variables>,
  variables: () => Variables,
  listener: Listener<Data>,
  signal: AbortSignal,
): void {
  void keep();

  async function keep(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        await once(() => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof TokenError || (error instanceof RequestError && FINAL.has(error.code))) {
          listener.refused(error);
          return;
        }
      }
      if (signal.aborted) return;
      const base = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
      const retryMs = failures++ ? base * (0.75 + Math.random() / 2) : base;
      listener.lost(retryMs);
      await pause(retryMs, signal);
    }
  }

  /** Until the line ends or breaks. */
  async function once(opened: () => void): Promise<void> {
    const line = new AbortController();
    const hangUp = (): void => line.abort();
    signal.addEventListener('abort', hangUp);
    let silence = setTimeout(hangUp, SILENCE_MS);
    try {
      const body = await client.open(operation, variables(), line.signal);
      listener.opened();
      for await (const { event, data } of eventsOf(body)) {
        clearTimeout(silence);
        silence = setTimeout(hangUp, SILENCE_MS);
        if (event === 'complete') return;
        opened();
        listener.beat();
        if (event === 'next') take(data);
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', hangUp);
      hangUp();
    }
  }

  function take(text: string): void {
    const body = JSON.parse(text) as Body<Data>;
    if (body.data) listener.next(body.data);
    if (body.errors) throw failureOf(body);
  }
}

/** Ends early when the network comes back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener('online', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    addEventListener('online', end);
    signal.addEventListener('abort', end);
  });
}
