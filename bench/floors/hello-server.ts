import { serve } from '@hono/node-server'
import { Hono } from 'hono'

/** The floor of any answer: Hono's hello world on its own server for Node. */
const app = new Hono()
app.post('/', (c) => c.text('Hello Hono!'))
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' }, () =>
  process.stdout.write('listening\n'),
)
