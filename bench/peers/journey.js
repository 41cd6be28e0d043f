// What every peer shares: the five sources over undici's keep-alive pool, the merge, and the schema's part that is asked.
import { Pool } from 'undici'

const SOURCES = ['s1', 's2', 's3', 's4', 's5']
const TYPE_OF = { VOICE: 'Call', TICKET: 'Ticket', CHAT: 'Conversation', WHATSAPP: 'Conversation', EMAIL: 'Conversation' }

export const port = Number(process.env.PORT)
const pool = new Pool(process.env.UPSTREAM, { connections: 256, pipelining: 1 })

async function pageOf (source, customer, limit) {
  const { statusCode, body } = await pool.request({
    method: 'GET',
    path: `/${source}/rows?customer=${customer}&limit=${limit}`,
    headers: { accept: 'application/json' }
  })
  if (statusCode !== 200) throw new Error(`source answered ${statusCode}`)
  const page = await body.json()
  for (const row of page.rows) row.source = source
  return page
}

function newestFirst (a, b) {
  if (a.started_at !== b.started_at) return a.started_at < b.started_at ? 1 : -1
  if (a.source !== b.source) return a.source < b.source ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

export function interactionOf (row, agent = row.agent, queue = row.queue) {
  return {
    __typename: TYPE_OF[row.channel],
    externalId: row.id,
    url: row.url,
    channel: row.channel,
    direction: row.direction,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    lastActivityAt: row.last_activity_at,
    durationSeconds: row.duration_seconds,
    status: row.status,
    liveness: row.ended_at === null ? 'LIVE' : 'INACTIVE',
    subject: row.subject,
    topic: row.topic,
    preview: row.preview,
    agent,
    queue,
    tags: row.tags
  }
}

export async function journeyOf (customer, first, shape = row => interactionOf(row)) {
  const pages = await Promise.all(SOURCES.map(source => pageOf(source, customer, first + 1)))
  const rows = pages.flatMap(page => page.rows).sort(newestFirst)
  const shown = rows.slice(0, first)
  const items = Object.fromEntries(SOURCES.map(source => [source, 0]))
  for (const row of shown) items[row.source]++
  return {
    nodes: shown.map(shape),
    pageInfo: { hasNextPage: rows.length > first || pages.some(page => page.next !== null) },
    complete: true,
    sources: SOURCES.map(name => ({ source: { name }, state: 'FRESH', items: items[name] }))
  }
}

const INTERACTION = `
  externalId: String!
  url: URL
  channel: Channel!
  direction: Direction!
  startedAt: DateTime!
  endedAt: DateTime
  lastActivityAt: DateTime!
  durationSeconds: Int
  status: InteractionStatus!
  liveness: Liveness!
  subject: String
  topic: String
  preview: String
  agent: Agent
  queue: Queue
  tags: [String!]!
`

export const typeDefs = `
  scalar URL
  scalar DateTime
  enum Channel { VOICE TICKET CHAT WHATSAPP EMAIL }
  enum Direction { INBOUND OUTBOUND INTERNAL UNKNOWN }
  enum InteractionStatus {
    SCHEDULED QUEUED ACTIVE ON_HOLD PENDING COMPLETED MISSED ABANDONED FAILED UNKNOWN
  }
  enum Liveness { LIVE IDLE INACTIVE }
  enum SourceState { FRESH CACHED STALE PENDING TIMED_OUT UNAVAILABLE RATE_LIMITED REFUSED MALFORMED }
  type Agent { name: String! }
  type Queue { name: String! }
  interface Interaction { ${INTERACTION} }
  type Call implements Interaction { ${INTERACTION} }
  type Ticket implements Interaction { ${INTERACTION} }
  type Conversation implements Interaction { ${INTERACTION} }
  type PageInfo { hasNextPage: Boolean! }
  type Source { name: String! }
  type SourceReport { source: Source! state: SourceState! items: Int! }
  type JourneyConnection {
    nodes: [Interaction!]!
    pageInfo: PageInfo!
    complete: Boolean!
    sources: [SourceReport!]!
  }
  type Customer { id: ID! journey(first: Int = 50): JourneyConnection }
  type Query { customer(id: ID!): Customer }
`

export const resolvers = {
  Query: { customer: (_, { id }) => ({ id }) },
  Customer: { journey: (customer, { first }) => journeyOf(customer.id, first) },
  Interaction: { __resolveType: row => row.__typename }
}

export function ready (server) {
  console.log(`${server} ready, Node ${process.version}`)
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))
