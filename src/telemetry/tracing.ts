import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { CommandTraces } from '../engine/command-traces.ts'
import type { EventTraces } from './drain-spans.ts'
import type { TraceRequests } from './request-spans.ts'

/** What traces a process, from its requests through their batches to the drain. */
export type Tracing = {
  requests: TraceRequests
  commands: CommandTraces
  events: EventTraces
  /** Sends what is left, if the collector takes it in time. */
  close(): Promise<void>
}

/**
 * Opens the traces of a process where OTEL_EXPORTER_OTLP_ENDPOINT says where they go. Without it there are none:
 * whoever could trace gets null, and the SDK of OpenTelemetry is not even loaded.
 *
 * @param service names the kind of process.
 */
export async function openTracing(
  service: 'stampede-api' | 'stampede-worker',
  config: Config,
  log: Pick<Logger, 'warn'>,
): Promise<Tracing | null> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = config
  if (endpoint === undefined) return null
  const { openSpans } = await import('./open-spans.ts')
  return openSpans({ service, endpoint, config, log })
}
