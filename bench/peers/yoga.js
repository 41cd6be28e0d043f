// GraphQL Yoga with its JIT plugin.
import { createServer } from 'node:http'
import { useGraphQlJit } from '@envelop/graphql-jit'
import { createSchema, createYoga } from 'graphql-yoga'
import { port, ready, resolvers, typeDefs } from './journey.js'

const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), plugins: [useGraphQlJit()], logging: false })
createServer(yoga).listen(port, '127.0.0.1', () => ready('GraphQL Yoga'))
