/** A token as the host's back end got it: bare, when it is used until it is refused, or with the instant it ends at. */
export type Token = string | { token: string; expiresAt?: string | null };
export type GetToken = () => Token | Promise<Token>;
export type TokenNeed = 'missing' | 'failed' | 'refused';

const RENEW_BEFORE_MS = 30_000;

export class TokenError extends Error {
  constructor(readonly need: TokenNeed) {
    super(`token ${need}`);
  }
}

/** Keeps one token in memory, and asks for the next one shortly before it ends. It is never written anywhere. */
export class Tokens {
  readonly #get: GetToken;
  #token = '';
  #endsAt = 0;
  #asking: Promise<string> | null = null;

  constructor(get: GetToken) {
    this.#get = get;
  }

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

  async #ask(): Promise<string> {
    let given: Token;
    try {
      given = await this.#get();
    } catch {
      throw new TokenError('failed');
    }
    const token = typeof given === 'string' ? given.trim() : given?.token;
    if (!token) throw new TokenError('failed');
    this.#token = token;
    this.#endsAt = typeof given === 'object' && given.expiresAt ? Date.parse(given.expiresAt) : Infinity;
    return token;
  }
}
