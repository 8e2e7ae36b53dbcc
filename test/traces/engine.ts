import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { inject, onTestFinished } from 'vitest'
import { freePort } from '../../src/services/processes.ts'
import { type AtEnd, jwtSecret, signToken, startProcess } from '../e2e/engine.ts'
import { createDatabase } from '../support/postgres.ts'

type Settings = Record<string, string>

/**
 * Starts an API and a worker as processes of their own.
 *
 * @param options.redisDatabase a logical database of the Redis, because a worker takes every job that it sees.
 * @param options.settings more of the environment, of both.
 */
export async function startEngine(options: {
  redisDatabase: number
  settings: Settings
  atEnd?: AtEnd
}) {
  const { redisDatabase, atEnd = onTestFinished as AtEnd } = options
  const port = await freePort()
  const settings = {
    REDIS_URL: new URL(`/${redisDatabase}`, inject('redisUrl')).href,
    DATABASE_URL: await createDatabase(),
    JWT_SECRET: jwtSecret,
    PORT: String(port),
    LOG_LEVEL: 'info',
    ...options.settings,
  }
  const start = (file: string) => startProcess([process.execPath, file], settings, atEnd)
  const api = start('src/server.ts')
  const worker = start('workers/main.ts')
  await Promise.all([api.prints(/"listening"/), worker.prints(/"working"/)])

  return {
    api,
    worker,
    /** Sends a request; a body makes it a POST. */
    async send(
      path: string,
      request: { body?: unknown; headers?: Settings; admin?: boolean } = {},
    ) {
      const { body, headers, admin } = request
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: {
          authorization: `Bearer ${signToken('ann', admin ? 'admin' : 'user')}`,
          'content-type': 'application/json',
          'idempotency-key': newSpanId(),
          ...headers,
        },
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      })
      const answer = (await response.json()) as Record<string, unknown>
      return { status: response.status, headers: response.headers, body: answer }
    },
  }
}

export type Engine = Awaited<ReturnType<typeof startEngine>>

/** Makes a product that costs nothing; returns what orders one unit of it and pays. */
export async function offer(engine: Engine, stock: number) {
  const made = await engine.send('/v1/products', {
    admin: true,
    body: { name: 'Hat', options: [{ price: 0, stock }] },
  })
  const [option] = made.body.options as { id: string }[]
  return { items: [{ optionId: option?.id, quantity: 1 }], pay: true }
}

/** A trace that a client has begun, with what he sends. */
export function beginTrace({ isSampled = true } = {}) {
  const traceId = randomBytes(16).toString('hex')
  const spanId = newSpanId()
  const traceparent = `00-${traceId}-${spanId}-0${isSampled ? 1 : 0}`
  return { traceId, spanId, headers: { traceparent } }
}

function newSpanId(): string {
  return randomBytes(8).toString('hex')
}

/** Lets a process say on standard error which packages of OpenTelemetry it loads. */
export const tellsLoads = {
  NODE_OPTIONS: `--import ${fileURLToPath(new URL('tell-loads.ts', import.meta.url))}`,
}
