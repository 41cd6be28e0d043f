import { afterEach, describe, expect, test, vi } from 'vitest';
import { json } from '../../src/api/json.js';
import { eventsOf } from '../../src/api/stream.js';
import { TokenError, Tokens } from '../../src/api/tokens.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('json', () => {
  test('says what JSON.stringify would', () => {
    const value = { text: 'a "quoted" \\ line\n\u2028 € 😀', list: [1, null, true, ['x']], gone: undefined, empty: {} };
    expect(JSON.parse(json(value))).toEqual(JSON.parse(JSON.stringify(value)));
  });

  test('does not ask prototypes', () => {
    const patched = Array.prototype as unknown as { toJSON?: () => string };
    patched.toJSON = () => 'patched';
    try {
      expect(json({ channels: ['VOICE'] })).toBe('{"channels":["VOICE"]}');
    } finally {
      delete patched.toJSON;
    }
  });
});

describe('events', () => {
  const streamOf = (...chunks: string[]): ReadableStream<Uint8Array> => new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const all = async (...chunks: string[]): Promise<unknown[]> => {
    const events: unknown[] = [];
    for await (const event of eventsOf(streamOf(...chunks))) events.push(event);
    return events;
  };

  test('wherever the chunks are cut', async () => {
    const text = ': open\n\nevent: next\ndata: {"a":1}\n\nevent: complete\ndata:\n\n';
    const whole = await all(text);
    expect(whole).toEqual([{ event: 'beat', data: '' }, { event: 'next', data: '{"a":1}' }, { event: 'complete', data: '' }]);
    expect(await all(...text)).toEqual(whole);
  });

  test('lines may end in any way, and data may have several', async () => {
    expect(await all('event: next\r\ndata: {\r\ndata: }\r\n\r\n')).toEqual([{ event: 'next', data: '{\n}' }]);
    expect(await all('data:x\r\r\n')).toEqual([{ event: 'message', data: 'x' }]);
  });

  test('letters that are cut in two are one letter', async () => {
    const bytes = new TextEncoder().encode('data: è\n\n');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.slice(0, 7));
        controller.enqueue(bytes.slice(7));
        controller.close();
      },
    });
    const events: unknown[] = [];
    for await (const event of eventsOf(body)) events.push(event);
    expect(events).toEqual([{ event: 'message', data: 'è' }]);
  });
});

describe('tokens', () => {
  test('one is kept until shortly before it ends, and asked for once however many want it', async () => {
    vi.useFakeTimers({ now: 0 });
    const get = vi.fn(() => Promise.resolve({ token: `t${get.mock.calls.length}`, expiresAt: new Date(Date.now() + 60_000).toISOString() }));
    const tokens = new Tokens(get);
    expect(await Promise.all([tokens.current(), tokens.current()])).toEqual(['t1', 't1']);
    vi.setSystemTime(29_000);
    expect(await tokens.current()).toBe('t1');
    vi.setSystemTime(31_000);
    expect(await tokens.current()).toBe('t2');
  });

  test('the next one is got half a minute before the end, without being asked for; not after the panel is closed', async () => {
    vi.useFakeTimers({ now: 0 });
    const get = vi.fn(() => Promise.resolve({ token: `t${get.mock.calls.length}`, expiresAt: new Date(Date.now() + 900_000).toISOString() }));
    const tokens = new Tokens(get);
    await tokens.current();
    await vi.advanceTimersByTimeAsync(869_000);
    expect(get).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(get).toHaveBeenCalledTimes(2);
    expect(await tokens.current()).toBe('t2');
    tokens.close();
    await vi.advanceTimersByTimeAsync(2_000_000);
    expect(get).toHaveBeenCalledTimes(2);
  });

  test('a bare one is used until it is refused', async () => {
    vi.useFakeTimers({ now: 0 });
    const get = vi.fn(() => 'secret');
    const tokens = new Tokens(get);
    await tokens.current();
    vi.setSystemTime(1e12);
    await tokens.current();
    expect(get).toHaveBeenCalledTimes(1);
  });

  test('a refused one is forgotten, unless another took its place', async () => {
    let n = 0;
    const tokens = new Tokens(() => `t${(n += 1)}`);
    const first = await tokens.current();
    tokens.forget('another');
    expect(await tokens.current()).toBe(first);
    tokens.forget(first);
    expect(await tokens.current()).toBe('t2');
  });

  test('a host that gives none is told so', async () => {
    await expect(new Tokens(() => '').current()).rejects.toEqual(new TokenError('failed'));
    await expect(new Tokens(() => Promise.reject(new Error('secret'))).current()).rejects.toEqual(new TokenError('failed'));
  });
});
