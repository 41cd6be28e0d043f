import type { GetToken, Token } from '../host.js';

export type TokenNeed = 'missing' | 'failed' | 'refused';

const RENEW_BEFORE_MS = 30_000;
/** Timers that are set for longer go off at once. */
const LONGEST_MS = 2 ** 31 - 1;

export class TokenError extends Error {
  constructor(readonly need: TokenNeed) {
    super(`token ${need}`);
  }
}

/** Keeps one token in memory, and gets the next one shortly before it ends. It is never written anywhere. */
export class Tokens {
  #token = '';
  #endsAt = 0;
  #asking: Promise<string> | null = null;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(private readonly get: GetToken) {}

  /** Raises TokenError 'failed' when the host gives none. */
  current(): Promise<string> {
    if (this.#token && Date.now() < this.#endsAt - RENEW_BEFORE_MS) return Promise.resolve(this.#token);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** The gateway refused it: the next question asks the host again. */
  forget(token: string): void {
    if (token === this.#token) this.#token = '';
  }

  close(): void {
    this.#closed = true;
    this.#token = '';
    clearTimeout(this.#renewal);
  }

  async #ask(): Promise<string> {
    let given: Token | undefined;
    try {
      given = await this.get();
    } catch {
      // As when it gives none.
    }
    const token = typeof given === 'string' ? given.trim() : given?.token;
    if (!token) throw new TokenError('failed');
    this.#token = token;
    this.#endsAt = typeof given === 'object' && given.expiresAt ? Date.parse(given.expiresAt) : Infinity;
    this.#renewIn(this.#endsAt - RENEW_BEFORE_MS - Date.now());
    return token;
  }

  /** What fails here is asked again, and told, when somebody needs it. */
  #renewIn(ms: number): void {
    clearTimeout(this.#renewal);
    if (ms > 0 && ms < LONGEST_MS && !this.#closed) this.#renewal = setTimeout(() => this.current().catch(() => undefined), ms);
  }
}
