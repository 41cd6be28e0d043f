// Hive Gateway over a supergraph of one subgraph, which runs in the same process: no second hop is charged to it.
import { createServer } from 'node:http'
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime'
import { createDefaultExecutor } from '@graphql-tools/delegate'
import { makeExecutableSchema } from '@graphql-tools/schema'
import { composeServices } from '@theguild/federation-composition'
import { parse } from 'graphql'
import { port, ready, resolvers, typeDefs } from './journey.js'

const composed = composeServices([{ name: 'journey', typeDefs: parse(typeDefs), url: 'http://in-process' }])
if (!composed.supergraphSdl) throw new Error(JSON.stringify(composed.errors))
const executor = createDefaultExecutor(makeExecutableSchema({ typeDefs, resolvers }))
const gateway = createGatewayRuntime({
  supergraph: composed.supergraphSdl,
  transports: { http: { getSubgraphExecutor: () => executor } },
  logging: false
})
createServer(gateway).listen(port, '127.0.0.1', () => ready('Hive Gateway'))
