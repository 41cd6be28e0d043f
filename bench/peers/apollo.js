// Apollo Server as its documentation starts it; CACHE=1 adds its response cache.
import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl'
import { startStandaloneServer } from '@apollo/server/standalone'
import responseCache from '@apollo/server-plugin-response-cache'
import { port, ready, resolvers, typeDefs } from './journey.js'

const plugins = process.env.CACHE ? [ApolloServerPluginCacheControl({ defaultMaxAge: 300 }), responseCache()] : []
const server = new ApolloServer({ typeDefs, resolvers, plugins })
await startStandaloneServer(server, { listen: { port, host: '127.0.0.1' } })
ready('Apollo Server')
