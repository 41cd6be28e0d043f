import { describe, expect, test } from 'vitest';
import { colourOf, iconOf, laneOf, numberOf } from '../../src/journey/channels.js';
import { Calendar, daysBetween, fold, stackKey } from '../../src/journey/days.js';
import { EDGE, MARK, layOut, marksIn, offsetOf, pathThrough } from '../../src/journey/layout.js';
import { liveState } from '../../src/journey/live.js';
import { newestOf } from '../../src/journey/matters.js';
import { hasFailed, merge, titleOf, toneOf, transfersOf } from '../../src/journey/rows.js';
import { keyOf } from '../../src/choice.js';
import { call } from './rows.js';

const utc = new Calendar('UTC');

describe('lights', () => {
  const at = Date.parse('2026-11-23T10:00:00Z');
  const chat = call({ channel: 'CHAT', liveness: 'LIVE', endedAt: null, lastActivityAt: '2026-11-23T10:00:00Z', idleAt: '2026-11-23T10:00:45Z', inactiveAt: '2026-11-23T10:01:00Z' });

  test.each([[0, 'live'], [44, 'live'], [45, 'idle'], [59, 'idle'], [60, 'inactive'], [61, 'inactive']])('a chat %i seconds after its last message is %s', (seconds, state) => {
    expect(liveState(chat, at + seconds * 1000)).toBe(state);
  });

  test('a call is live until it ends, however long', () => {
    const row = call({ liveness: 'LIVE', endedAt: null });
    expect(liveState(row, at + 36e5)).toBe('live');
    expect(liveState({ ...row, endedAt: '2026-11-23T11:00:00Z' }, at)).toBe('inactive');
  });

  test('a new message wakes an idle conversation', () => {
    expect(liveState({ ...chat, idleAt: '2026-11-23T10:02:00Z', inactiveAt: '2026-11-23T10:02:15Z' }, at + 70_000)).toBe('live');
  });

  test('what the gateway calls idle or inactive is not made live again by a clock that is behind', () => {
    expect(liveState({ ...chat, liveness: 'IDLE' }, at - 1e6)).toBe('idle');
    expect(liveState({ ...chat, liveness: 'INACTIVE' }, at - 1e6)).toBe('inactive');
  });
});

describe('rows', () => {
  const rows = ['a', 'b', 'c'].map((id, index) => call({ id, externalId: id, startedAt: `2026-11-2${index}T10:00:00Z` }));

  test('pages and updates merge newest first, without duplicates, and the fresher row wins', () => {
    const [a, b, c] = rows as [ReturnType<typeof call>, ReturnType<typeof call>, ReturnType<typeof call>];
    const merged = merge([b, a], [c, { ...a, topic: 'Fresh' }]);
    expect(merged.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(merged.at(-1)?.topic).toBe('Fresh');
  });

  test('rows of one instant stand in the order of the gateway', () => {
    const same = [call({ id: '1', externalId: 'z' }), call({ id: '2', externalId: 'a' }), call({ id: '3', externalId: 'b', source: { id: 's0', name: 'chat', kind: 'CHAT' } })];
    expect(merge([], same).map(({ id }) => id)).toEqual(['3', '2', '1']);
  });

  test('fractions of a second count', () => {
    const two = [call({ id: 'first', startedAt: '2026-11-20T10:00:00Z' }), call({ id: 'second', startedAt: '2026-11-20T10:00:00.5Z' })];
    expect(merge([], two).map(({ id }) => id)).toEqual(['second', 'first']);
  });

  test.each([['SUCCESS', 'ok'], ['FAILURE', 'fail'], ['NEUTRAL', 'wait']] as const)('an outcome of kind %s is %s, whatever its label', (kind, tone) => {
    expect(toneOf(call({ outcome: { kind, label: 'Failed' }, status: 'MISSED' }))).toBe(tone);
  });

  test.each([['MISSED', true], ['ABANDONED', true], ['FAILED', true], ['COMPLETED', false], ['ACTIVE', false]] as const)('without an outcome, %s failed: %s', (status, failed) => {
    expect(hasFailed(call({ status }))).toBe(failed);
  });

  test('transfers are those that the source names, else changes of hands', () => {
    const leg = (kind: string, queue: string | null) => ({ kind, startedAt: '', endedAt: null, queue: queue ? { name: queue } : null, agent: null }) as never;
    expect(transfersOf(call({ legs: [leg('QUEUE', 'A'), leg('TRANSFER', 'B'), leg('TRANSFER', 'C')] }))).toBe(2);
    expect(transfersOf(call({ legs: [leg('IVR', null), leg('QUEUE', 'A'), leg('AGENT', 'A'), leg('QUEUE', 'B')] }))).toBe(1);
    expect(transfersOf(call())).toBe(0);
  });

  test('a title is the best there is', () => {
    expect(titleOf(call({ topic: 'T', subject: 'S' }))).toBe('T');
    expect(titleOf(call({ subject: 'S', preview: 'P' }))).toBe('S');
    expect(titleOf(call())).toBeNull();
  });
});

describe('numbers and channels', () => {
  const number = (kind: string): ReturnType<typeof call> => call({ address: { kind, value: '', masked: true } as never });

  test.each([['HOME', 'home', 'phone', 'voice'], ['WORK', 'work', 'phone', 'voice'], ['MOBILE', 'mobile', 'mobile', 'mobile'], ['OFFICE', 'office', 'office', 'office'], ['OTHER', null, 'phone', 'voice']])(
    'a call with a number of kind %s', (kind, name, icon, colour) => {
      expect([numberOf(number(kind)), iconOf(number(kind)), colourOf(number(kind))]).toEqual([name, icon, colour]);
    });

  test('a channel that is newer than the widget still has a lane and a look', () => {
    expect(laneOf('HOLOGRAM' as never)).toBe('other');
    expect(iconOf(call({ channel: 'HOLOGRAM' as never }))).toBe('chat');
  });
});

describe('days', () => {
  test('rows fold into days of the viewer\'s zone', () => {
    const rows = [call({ id: '1', startedAt: '2026-11-20T23:30:00Z' }), call({ id: '2', startedAt: '2026-11-20T10:00:00Z' })];
    expect(fold(rows, utc).map(({ key }) => key)).toEqual(['2026-11-20']);
    expect(fold(rows, new Calendar('Europe/Rome')).map(({ key }) => key)).toEqual(['2026-11-21', '2026-11-20']);
  });

  test('days are counted over a change of clocks', () => {
    expect(daysBetween('2026-10-24', '2026-10-26')).toBe(2);
  });
});

describe('layout', () => {
  const rows = ['2026-11-20T12:00:00Z', '2026-11-20T11:00:00Z', '2026-10-01T10:00:00Z'].map((startedAt, index) => call({ id: `r${index}`, startedAt }));
  const place = (all: typeof rows, open = new Set<string>()) => layOut(fold(all, utc), open, 60, '2026-11-23', utc);

  test('older pages move nothing that is already drawn', () => {
    const before = place(rows.slice(0, 2)).days[0];
    const [after] = place(rows).days;
    expect([after?.x, after?.width]).toEqual([before?.x, before?.width]);
    expect(after?.x).toBe(EDGE);
  });

  test('long stretches without contact fold, and are counted', () => {
    expect(place(rows).days.map(({ folded }) => folded)).toEqual([50, 0]);
  });

  test('from four in a lane on a day, one mark stands for them until it is opened', () => {
    const day = fold([3, 2, 1, 0].map((hour) => call({ id: `h${hour}`, startedAt: `2026-11-20T0${hour}:00:00Z` })), utc)[0] as never;
    expect([marksIn(3, false), marksIn(4, false), marksIn(4, true)]).toEqual([3, 1, 4]);
    const open = new Set([stackKey('2026-11-20', 'voice')]);
    expect(offsetOf(day, (day as { rows: never[] }).rows[0] as never, new Set())).toBe(0);
    expect(offsetOf(day, (day as { rows: never[] }).rows[0] as never, open)).toBe(-1.5 * MARK);
  });

  test('a ticket lies from its opening to its closing', () => {
    const ticket = call({ id: 't', channel: 'TICKET', startedAt: '2026-10-01T10:00:00Z', endedAt: '2026-11-20T09:00:00Z' });
    const { bars, days } = place([rows[0]!, ticket]);
    expect(bars).toHaveLength(1);
    expect(bars[0]?.x).toBe(days[0]?.x);
  });

  test('the line of a matter goes through its contacts alone', () => {
    const layout = place(rows);
    expect(pathThrough(layout, ['voice'], new Set(['r0', 'r2']), new Set(), 0, 44).match(/[MC]/g)).toEqual(['M', 'C']);
    expect(pathThrough(layout, ['voice'], new Set(['nobody']), new Set(), 0, 44)).toBe('');
  });
});

test.each([
  ['tel:+39 333 111 0001', { phone: '+39 333 111 0001' }], ['tel:%2B39333', { phone: '+39333' }], ['mailto:a@example.org', { email: 'a@example.org' }],
  ['whatsapp:393331110001', { whatsApp: '393331110001' }], ['sip:me', null], ['tel:', null], ['nonsense', null],
])('the lookup %s is the key %o', (lookup, key) => {
  expect(keyOf(lookup)).toEqual(key);
});

describe('matters', () => {
  const matter = (id: string, topic: string | null, ...rows: string[]) => ({
    id, topic, startedAt: '2026-11-20T10:00:00Z', resolution: 'OPEN' as const, steps: rows.length, channels: [], agents: [], interactions: rows.map((row) => ({ id: row })),
  });
  const rows = [
    call({ id: 'now', liveness: 'LIVE', endedAt: null }), call({ id: 'before', liveness: 'INACTIVE' }),
    call({ id: 'today', liveness: 'INACTIVE', startedAt: '2026-11-23T08:00:00Z' }), call({ id: 'last week', liveness: 'INACTIVE', startedAt: '2026-11-16T08:00:00Z' }),
  ];
  const begun = matter('begun', null, 'now'), known = matter('known', 'Invoice', 'now'), joined = matter('joined', null, 'now', 'before'), old = matter('old', null, 'long ago');

  test.each([
    ['a contact that has just begun is none yet', [begun, old], 'old'],
    ['it is one once somebody knows what it is about', [known, old], 'known'],
    ['it is one with what came before it', [joined, old], 'joined'],
    ['the one with the newest contact counts, not the one that began last', [old, { ...matter('older', null, 'last week', 'today'), startedAt: '2026-11-16T08:00:00Z' }], 'older'],
    ['of two alike it is the first', [old, matter('same', null, 'last week')], 'old'],
    ['it is one where there is no other', [begun], 'begun'],
    ['there is none', [], undefined],
  ])('%s', (_, matters, expected) => {
    expect(newestOf(matters, rows)?.id).toBe(expected);
  });
});
