import { fileBeside } from '../files.js';
import { json } from './json.js';
import type { Operation } from './operations.js';
import { TokenError, type Tokens } from './tokens.js';

/** What went wrong, by the gateway's code; `NETWORK` when it could not be asked. */
export class RequestError extends Error {
  constructor(
    readonly code: string,
    readonly requestId: string | null = null,
  ) {
    super(code);
  }
}

/** An answer of GraphQL, whole or one event of a stream. */
export interface Body<Data> {
  data?: Data | null;
  errors?: { extensions?: { code?: string; requestId?: string } }[];
}

const UNKNOWN_DOCUMENT = 'PERSISTED_QUERY_NOT_FOUND';

// Taken when the module is loaded, so that what a host wraps around it later does not see the token.
const send = globalThis.fetch;

/** Asks one gateway. Documents go by their hash, until the gateway says that it does not know them. */
export class Client {
  /** The documents' texts by hash, for gateways that want those. */
  #texts: Record<string, string> | null = null;

  constructor(
    private readonly endpoint: string,
    readonly tokens: Tokens,
  ) {}

  /** The data, perhaps with holes; RequestError when nothing of it came, AbortError when `signal` says so. */
  async ask<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables, signal: AbortSignal): Promise<Data> {
    const answer = await this.post(operation, variables, signal, 'application/graphql-response+json, application/json');
    const body = await read<Data>(answer);
    if (body.data && Object.values(body.data).some((each) => each !== null || !body.errors)) return body.data;
    throw failureOf(body, answer);
  }

  /** The stream of a subscription. RequestError when the gateway does not open one. */
  async open<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const answer = await this.post(operation, variables, signal, 'text/event-stream');
    if (answer.ok && answer.body && answer.headers.get('content-type')?.startsWith('text/event-stream')) return answer.body;
    throw failureOf(await read(answer), answer);
  }

  private async post<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables, signal: AbortSignal, accept: string): Promise<Response> {
    const byText = this.#texts !== null; // another question may fetch the texts while this one is under way by its hash
    const answer = await this.authorised(this.body(operation, variables), signal, accept);
    if (byText || !(await saysUnknownDocument(answer))) return answer;
    this.#texts ??= await textsOfDocuments();
    return this.authorised(this.body(operation, variables), signal, accept);
  }

  private body<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables): string {
    const query = this.#texts?.[operation.hash];
    if (query !== undefined) return json({ query, variables });
    return json({ variables, extensions: { persistedQuery: { version: 1, sha256Hash: operation.hash } } });
  }

  /** A refused token is asked for once more. */
  private async authorised(body: string, signal: AbortSignal, accept: string, again = true): Promise<Response> {
    const token = await this.tokens.current();
    signal.throwIfAborted();
    const answer = await this.fetch(body, token, signal, accept);
    if (answer.status !== 401) return answer;
    this.tokens.forget(token);
    if (again) return this.authorised(body, signal, accept, false);
    throw new TokenError('refused');
  }

  private async fetch(body: string, token: string, signal: AbortSignal, accept: string): Promise<Response> {
    const headers = { accept, authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    try {
      return await send(this.endpoint, { method: 'POST', headers, body, signal, cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' });
    } catch {
      signal.throwIfAborted();
      throw new RequestError('NETWORK');
    }
  }
}

async function textsOfDocuments(): Promise<Record<string, string>> {
  try {
    return await fileBeside<Record<string, string>>('documents');
  } catch {
    throw new RequestError(UNKNOWN_DOCUMENT);
  }
}

async function read<Data>(answer: Response): Promise<Body<Data>> {
  try {
    return (await answer.json()) as Body<Data>;
  } catch {
    return {};
  }
}

async function saysUnknownDocument(answer: Response): Promise<boolean> {
  if (!answer.headers.get('content-type')?.includes('json')) return false;
  return failureOf(await read(answer.clone())).code === UNKNOWN_DOCUMENT;
}

export function failureOf({ errors }: Body<unknown>, answer?: Response): RequestError {
  const { code, requestId } = errors?.[0]?.extensions ?? {};
  return new RequestError(code ?? (answer?.status === 403 ? 'FORBIDDEN' : 'INTERNAL'), requestId ?? answer?.headers.get('x-request-id') ?? null);
}
