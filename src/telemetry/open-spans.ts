import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { DiagLogLevel, diag } from '@opentelemetry/api'
import { setGlobalErrorHandler } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { limits } from '../limits.ts'
import { openBatchSpans } from './batch-spans.ts'
import { openDrainSpans } from './drain-spans.ts'
import { openRequestSpans } from './request-spans.ts'
import type { Tracing } from './tracing.ts'

/**
 * Opens the SDK of OpenTelemetry. Spans wait in a bounded queue and are sent by OTLP over HTTP; what does not fit is
 * dropped, so a collector that is slow, hangs or is gone costs spans and nothing else.
 *
 * @param options.endpoint of the collector, e.g. `http://127.0.0.1:4318`.
 */
export function openSpans(options: {
  service: string
  endpoint: string
  config: Config
  log: Pick<Logger, 'warn'>
}): Tracing {
  const { service, endpoint, config, log } = options
  tellOfLosses(log)
  const resource = defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': service,
        'service.instance.id': randomUUID(),
        'process.pid': process.pid,
      }),
    )
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
    .merge(detectResources({ detectors: [envDetector] }))
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({
      url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
      // The processor begins more and more messages where each fails late; a stop sends the whole queue at once.
      concurrencyLimit: limits.spansQueuedMax / limits.spansSentMax,
    }),
    maxQueueSize: limits.spansQueuedMax,
    maxExportBatchSize: limits.spansSentMax,
    scheduledDelayMillis: limits.spansDelayMs,
  })
  const tracerWith = (sampler: Sampler) =>
    new TracerProvider({
      resource,
      sampler,
      spanProcessors: [processor],
      // A batch of the drain links every request that it carries.
      spanLimits: { linkCountLimit: limits.drainEventsMax },
    }).getTracer('stampede')
  // What carries a traced request is traced with it: a sampler of its own would tear holes into the traces.
  const carriers = tracerWith(new AlwaysOnSampler())

  return {
    requests: openRequestSpans(tracerWith(samplerOf(config))),
    commands: openBatchSpans(carriers),
    events: openDrainSpans(carriers),
    async close() {
      await Promise.race([processor.shutdown(), wait(limits.tracesCloseMs)])
    },
  }
}

type RootSamplerName = 'always_on' | 'always_off' | 'traceidratio'
const rootSamplers: Record<RootSamplerName, (ratio: number) => Sampler> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
}

function samplerOf(config: Config): Sampler {
  const { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: ratio } = config
  const rootName = name.replace('parentbased_', '') as RootSamplerName
  const root = rootSamplers[rootName](ratio)
  return name === rootName ? root : new ParentBasedSampler({ root })
}

/** Says in the log that spans are lost, now and then: a collector that is away fails once a second. */
function tellOfLosses(log: Pick<Logger, 'warn'>): void {
  let quietUntil = 0
  const tell = (details: object) => {
    if (performance.now() < quietUntil) return
    quietUntil = performance.now() + limits.alarmIntervalMs
    log.warn(details, 'Traces are lost on their way to the collector')
  }
  const warn = (reason: string) => tell({ reason })
  const ignore = () => {}
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  setGlobalErrorHandler((err) => tell({ err }))
}
