// Mercurius on Fastify, compiling a document when it is asked for the first time.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { port, ready, resolvers, typeDefs } from './journey.js'

const { Interaction, ...rest } = resolvers
const app = Fastify()
app.register(mercurius, {
  schema: typeDefs,
  resolvers: { ...rest, Interaction: { resolveType: Interaction.__resolveType } },
  jit: 1
})
await app.listen({ port, host: '127.0.0.1' })
ready('Mercurius')
