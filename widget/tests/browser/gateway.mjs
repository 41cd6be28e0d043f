// A gateway that is none: it executes what is asked against the API's own schema, on an invented customer. Loopback only.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { buildSchema, execute, parse, subscribe, validate } from 'graphql';
import { BUNDLE, SCHEMA, WIDGET } from '../../scripts/paths.mjs';
import { GIULIA, MATTER, NOW, OTHERS, contactsOf, customer, manyContacts, sources } from './customers.mjs';

const schema = buildSchema(readFileSync(SCHEMA, 'utf8'), { assumeValidSDL: true });
const TYPES = { js: 'text/javascript', json: 'application/json', html: 'text/html; charset=utf-8', css: 'text/css' };
export const TOKEN = 'secret-token-of-this-test';

/** Starts it on a free port. `scenarios` are told apart by the path: `/graphql/<scenario>`. */
export async function startGateway() {
  const documents = JSON.parse(readFileSync(join(BUNDLE, 'documents.json'), 'utf8'));
  const gateway = new Gateway(documents);
  const server = createServer((request, response) => void gateway.answer(request, response).catch((error) => {
    if (response.headersSent) response.destroy();
    else response.writeHead(500).end(String(error));
  }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  gateway.origin = `http://127.0.0.1:${server.address().port}`;
  gateway.close = () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });
  return gateway;
}

class Gateway {
  constructor(documents) {
    this.documents = documents;
    this.knowsHashes = true;
    this.unknownHashes = 0;
    this.textCame = new Promise((resolve) => { this.sayTextCame = resolve; });
    this.pages = new Map();
    this.asked = [];
    this.streams = new Map();
    this.started = Date.now();
  }

  now() {
    return new Date(Date.parse(NOW) + Date.now() - this.started).toISOString();
  }

  async answer(request, response) {
    const url = new URL(request.url, this.origin);
    const [, first, second] = url.pathname.split('/');
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization, content-type', 'access-control-expose-headers': 'x-request-id', 'x-request-id': 'req-7F3A-19' };
    if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
    if (first === 'graphql') return this.graphql(second ?? 'usual', request, response, cors);
    if (first === 'widget') return this.file(join(BUNDLE, second), response, cors);
    if (first === 'node_modules') return this.file(join(WIDGET, url.pathname), response, cors);
    const page = this.pages.get(url.pathname);
    if (!page) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES.html, ...page.headers }).end(page.html);
  }

  file(path, response, headers) {
    const type = TYPES[path.split('.').pop()];
    response.writeHead(200, { ...headers, 'content-type': type }).end(readFileSync(path));
  }

  async graphql(name, request, response, headers) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const scenario = { ...SCENARIOS.usual, ...(SCENARIOS[name] ?? {}) };
    const hash = body.extensions?.persistedQuery?.sha256Hash ?? (body.query && createHash('sha256').update(body.query).digest('hex'));
    const text = body.query ?? (this.knowsHashes ? this.documents[hash] : undefined);
    const operation = text && parse(text).definitions.find((each) => each.kind === 'OperationDefinition');
    this.asked.push({ scenario: name, operation: operation?.name.value ?? null, byHash: !body.query, variables: body.variables, token: request.headers.authorization });
    const send = (status, value) => response.writeHead(status, { ...headers, 'content-type': 'application/graphql-response+json' }).end(JSON.stringify(value));
    const refuse = (status, code) => send(status, { errors: [{ message: 'No.', extensions: { code, requestId: 'req-7F3A-19' } }] });
    if (request.headers.authorization !== `Bearer ${TOKEN}` || scenario.refuses?.(this)) return refuse(401, 'UNAUTHENTICATED');
    if (body.query) this.sayTextCame();
    if (!text) {
      // One is refused at once, the others after a text has come: they were on their way by hash, and must be asked again too.
      if (this.unknownHashes++) await this.textCame;
      return refuse(400, 'PERSISTED_QUERY_NOT_FOUND');
    }
    if (scenario.wait) await new Promise((resolve) => setTimeout(resolve, scenario.wait));
    if (scenario.denied) return refuse(403, 'FORBIDDEN');
    if (scenario.broken) return refuse(500, 'INTERNAL');
    const document = parse(text);
    const complaints = validate(schema, document);
    if (complaints.length) return send(400, { errors: complaints });
    const rootValue = this.root(scenario);
    const options = { schema, document, variableValues: body.variables, rootValue, typeResolver: (value) => value.__typename };
    if (operation.operation === 'subscription') return this.stream(name, scenario, options, response, headers);
    return send(200, await execute(options));
  }

  async stream(name, scenario, options, response, headers) {
    if (scenario.noStream) return void response.writeHead(503, headers).end();
    const queue = new Queue();
    const open = this.streams.get(name) ?? new Set();
    open.add(queue);
    this.streams.set(name, open);
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': open\n\n');
    // A page that went before this line tells nobody: what beats for it must not keep the process.
    const beat = setInterval(() => response.write(':\n\n'), 5_000).unref();
    response.on('close', () => {
      clearInterval(beat);
      open.delete(queue);
      queue.end();
    });
    queue.hangUp = () => response.destroy();
    const events = await subscribe({ ...options, rootValue: { journeyUpdated: () => queue } });
    for await (const event of events) response.write(`event: next\ndata: ${JSON.stringify(event)}\n\n`);
  }

  /** Sends an update to everyone who listens to a scenario. */
  push(scenario, update) {
    this.cursor = (this.cursor ?? 0) + 1;
    for (const queue of this.streams.get(scenario) ?? []) queue.push({ journeyUpdated: { cursor: `u${this.cursor}`, ...update } });
  }

  hangUp(scenario) {
    for (const queue of this.streams.get(scenario) ?? []) queue.hangUp();
  }

  root(scenario) {
    const view = ({ by }) => {
      const found = scenario.find ? scenario.find(by) : { state: 'MATCHED', customer: by.id === 'CU-2' ? OTHERS[1] : GIULIA };
      return { candidates: [], sources: this.reports(scenario), ...found, customer: found.customer && this.customer(found.customer, scenario), ...(found.candidates ? { candidates: found.candidates.map((each) => this.customer(each, scenario)) } : {}) };
    };
    return {
      singleCustomerView: view,
      customer: ({ id }) => this.customer(id === 'CU-2' ? OTHERS[1] : GIULIA, scenario),
      node: ({ id }) => (id === 'matter-1' ? this.matter() : scenario.rows(this.now()).find((each) => each.id === id) ?? null),
    };
  }

  reports(scenario) {
    return sources.map((source) => ({ source, items: 1, message: null, retryAfterSeconds: null, asOf: null, state: 'FRESH', ...(scenario.reports?.[source.name] ?? {}) }));
  }

  matter() {
    const contacts = MATTER.map((id) => contactsOf(this.now()).find((each) => each.id === id));
    return {
      __typename: 'Episode', id: 'matter-1', topic: 'Double charge', startedAt: '2026-11-19T14:20:00Z', endedAt: null, resolution: 'OPEN', steps: 7, joinedBy: 'topic',
      channels: ['CHAT', 'VOICE', 'TICKET', 'WHATSAPP'], agents: ['Elena Sala', 'Paolo Greco', 'Sara Conti', 'Luca Ferri', 'Marta Riva'].map((name) => ({ id: name, name })), interactions: contacts,
    };
  }

  customer(person, scenario) {
    const now = this.now();
    const rows = person === GIULIA ? scenario.rows(now) : scenario.rows(now).slice(2, 9).map((each) => ({ ...each, id: `${person.id}-${each.id}`, topic: 'Other matter' }));
    const months = { LAST_3_MONTHS: 3, LAST_6_MONTHS: 6, LAST_9_MONTHS: 9 };
    return {
      ...person,
      campaigns: [],
      journey: ({ first = 50, after, filter = {} }) => {
        const since = new Date(now);
        since.setUTCMonth(since.getUTCMonth() - (months[filter.period] ?? 1200));
        const inPeriod = rows.filter((each) => Date.parse(each.startedAt) >= since.getTime());
        const inCampaign = inPeriod.filter((each) => !filter.campaignIds || filter.campaignIds.includes(each.campaign?.id));
        const words = (filter.text ?? '').toLowerCase().split(/\s+/);
        const matching = inCampaign.filter((each) => (!filter.channels || filter.channels.includes(each.channel))
          && words.every((word) => JSON.stringify([each.topic, each.subject, each.tags, each.queue?.name, each.agent?.name]).toLowerCase().includes(word)));
        const begin = after ? Number(after) : 0;
        const nodes = matching.slice(begin, begin + first);
        return {
          edges: [], nodes: scenario.shape ? nodes.map(scenario.shape) : nodes, complete: !scenario.reports, asOf: now, sources: this.reports(scenario), updateCursor: 'u0',
          withheld: scenario.withheld ?? [],
          pageInfo: { hasNextPage: begin + first < matching.length, hasPreviousPage: begin > 0, startCursor: String(begin), endCursor: String(begin + nodes.length) },
          facets: { exhaustive: true, queues: [], agents: [], tags: [], channels: counted(inCampaign, (each) => each.channel).map(([channel, count]) => ({ channel, count })),
            campaigns: counted(inPeriod, (each) => each.campaign?.id).map(([id, count]) => ({ campaign: inPeriod.find((each) => each.campaign?.id === id).campaign, count })) },
        };
      },
      summary: () => this.summary(rows, scenario),
      analysis: () => ({ episodes: { edges: [], nodes: person === GIULIA && rows.length === 29 ? [this.matter()] : [], pageInfo: {} }, agentsInvolved: count(5), channelsUsed: [], transfers: count(2) }),
    };
  }

  summary(rows, scenario) {
    const scores = rows.filter((each) => each.channel === 'SURVEY');
    const [last] = scores;
    const base = {
      asOf: this.now(), sources: this.reports(scenario),
      nps: { state: 'EXACT', score: last?.npsScore ?? null, category: last?.npsCategory ?? null, answeredAt: last?.startedAt ?? null, comment: null, survey: null },
      last30Days: { interactions: count(rows.length ? 11 : 0), missed: count(rows.length ? 2 : 0) }, previous30Days: { interactions: count(rows.length ? 1 : 0), missed: count(0) },
      today: { interactions: count(rows.length ? 2 : 0), missed: count(0) }, activeTickets: count(rows.length ? 3 : 0), escalatedTickets: count(rows.length ? 1 : 0), lastInteraction: rows[0] ?? null, live: [],
    };
    return { ...base, ...(scenario.summary ?? {}) };
  }
}

const count = (value, state = 'EXACT', asOf = null) => ({ value, state, asOf });

function counted(rows, keyOf) {
  const counts = new Map();
  for (const each of rows) {
    const key = keyOf(each);
    if (key) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts];
}

/** An async iterator that is fed from outside. */
class Queue {
  #items = [];
  #wake = null;
  #ended = false;

  push(item) {
    this.#items.push(item);
    this.#wake?.();
  }

  end() {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      while (this.#items.length) yield this.#items.shift();
      if (this.#ended) return;
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const HIDDEN = ['Interaction.queue', 'Leg.queue', 'Interaction.wrapUpCodes', 'Interaction.legs', 'Interaction.comments', 'Interaction.preview', 'Conversation.messages'];

/** What a gateway may answer, by name. */
export const SCENARIOS = {
  usual: { rows: contactsOf },
  slow: { wait: 3_000 },
  tardy: { wait: 120 },
  denied: { denied: true },
  broken: { broken: true },
  'no-stream': { noStream: true },
  empty: { rows: () => [] },
  'not-found': { find: () => ({ state: 'NOT_FOUND' }) },
  'not-found-partial': { find: () => ({ state: 'NOT_FOUND' }), reports: { zendesk: { state: 'TIMED_OUT' } } },
  ambiguous: { find: (by) => (by.id ? { state: 'MATCHED', customer: OTHERS.find(({ id }) => id === by.id) ?? GIULIA } : { state: 'AMBIGUOUS', candidates: OTHERS }) },
  partial: {
    rows: (now) => contactsOf(now).filter(({ channel }) => channel !== 'SURVEY'),
    reports: { surveys: { state: 'UNAVAILABLE', asOf: '2026-11-23T09:10:00Z' } },
    summary: { nps: { state: 'UNAVAILABLE', score: null, category: null, answeredAt: null, comment: null, survey: null }, last30Days: { interactions: count(9, 'AT_LEAST'), missed: count(2) } },
  },
  withheld: {
    withheld: HIDDEN.map((field) => ({ field, permission: 'some:permission:view' })),
    shape: (each) => ({ ...each, queue: null, wrapUpCodes: [], legs: [], comments: [], preview: null }),
    summary: { activeTickets: count(null, 'NOT_PERMITTED'), escalatedTickets: count(null, 'NOT_PERMITTED') },
  },
  many: { rows: (now) => manyContacts(600, now) },
  crowded: { rows: (now) => manyContacts(40, now).map((each, index) => ({ ...each, startedAt: new Date(Date.parse(now) - Math.floor(index / 8) * 86_400_000 - (index % 8) * 1_800_000).toISOString(), channel: 'VOICE', __typename: 'Call', waitSeconds: 1, talkSeconds: 1, holdSeconds: 0, liveness: 'INACTIVE' })) },
  hostile: {
    shape: (each) => ({ ...each, topic: '<img src=x onerror=alert(1)>', subject: '"><script>alert(2)</script>', tags: ['</span><b>x', 'javascript:alert(3)'], url: 'javascript:alert(4)', preview: '<iframe>', agent: each.agent && { ...each.agent, name: '<u>agent</u>' } }),
  },
};

export { customer };
