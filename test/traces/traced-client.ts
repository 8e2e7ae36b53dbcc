import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createApp } from '../../src/http/app.ts'
import { listen } from '../../src/services/http-server.ts'
import { openTracing, type Tracing } from '../../src/telemetry/tracing.ts'
import type { openClient } from '../http/client.ts'

/**
 * Serves the application with traces, as an API process does, until the end of the test.
 *
 * @param environment says where traces go.
 */
export async function traceClient(
  client: Awaited<ReturnType<typeof openClient>>,
  environment: Record<string, string>,
) {
  /** What was logged. */
  const lines: { msg: string }[] = []
  const log = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) })
  const tracing = (await openTracing('stampede-api', loadConfig(environment), log)) as Tracing
  const engine = client.engineWith({ traces: tracing.commands })
  const app = createApp({ ...client.dependencies, engine })
  const server = await listen(tracing.requests(app.fetch), { HOST: '127.0.0.1', PORT: 0 })
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return {
    ...tracing,
    lines,
    /** Claims a coupon, and returns the status of the answer. */
    async claim(couponId: string, userId: string, headers: Record<string, string> = {}) {
      const response = await fetch(`http://127.0.0.1:${port}/v1/coupons/${couponId}/claims`, {
        method: 'POST',
        headers: { authorization: `Bearer ${client.user(userId)}`, ...headers },
      })
      await response.arrayBuffer()
      return response.status
    },
  }
}
