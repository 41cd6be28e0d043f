// The least that Node can do: a hand-written handler without GraphQL, which picks the same fields and stringifies.
import { createServer } from 'node:http'
import { interactionOf, journeyOf, port, ready } from './journey.js'

const named = thing => thing && { name: thing.name }
const shape = row => interactionOf(row, named(row.agent), named(row.queue))

createServer((request, response) => {
  const chunks = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', async () => {
    try {
      const { id, first } = JSON.parse(Buffer.concat(chunks)).variables
      const journey = await journeyOf(id, first, shape)
      const body = Buffer.from(JSON.stringify({ data: { customer: { journey } } }))
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
      response.end(body)
    } catch {
      response.writeHead(500).end()
    }
  })
}).listen(port, '127.0.0.1', () => ready('node:http'))
