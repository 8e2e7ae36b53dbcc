import cluster from 'node:cluster'
import { openApiOrm } from './db/orm.ts'
import { openEngine } from './engine/engine.ts'
import { allowOrigins } from './http/allowed-origins.ts'
import { createApp } from './http/app.ts'
import type { Fetch } from './http/environment.ts'
import { operatorsOf } from './http/operator.ts'
import { limits } from './limits.ts'
import { openFeed } from './live/feed.ts'
import { openPulse } from './live/pulse.ts'
import { openStorm } from './live/storm.ts'
import { openShownQueues } from './queue/shown-queues.ts'
import { openWakeUps } from './queue/wake-ups.ts'
import { connectRedis, type RedisClient } from './redis/client.ts'
import { runApiProcesses } from './services/api-processes.ts'
import { closeServer, listen } from './services/http-server.ts'
import { isSupervised, runProcess } from './services/lifecycle.ts'
import { prepareStores } from './services/prepare.ts'
import { openReadiness } from './services/readiness.ts'
import { logRedisOutages } from './services/redis-outages.ts'
import { repeat } from './services/repeat.ts'
import { resolveServices } from './services/services.ts'
import { countBatch } from './telemetry/decision-metrics.ts'
import { logLost, logUncertain } from './telemetry/lost-commands.ts'
import { openPoolMetrics } from './telemetry/pool-metrics.ts'
import { answerMetrics, openMetrics } from './telemetry/registry.ts'
import { openShopMetrics } from './telemetry/shop-metrics.ts'
import { openTracing } from './telemetry/tracing.ts'
import { openVerifier } from './verify/verifier.ts'

/** An API process: serves HTTP and lets Redis decide. It needs Redis to start; Postgres may come and go. */
await runProcess('api', async ({ config, log, lifecycle }) => {
  const { open, isStopping } = lifecycle
  const services = await open(
    'services',
    () => resolveServices(config, (line) => log.info(line)),
    (found) => found.release(),
  )
  if (!isSupervised) {
    await prepareStores(services).catch((err) => log.warn({ err }, 'The stores are not prepared'))
  }
  if (config.API_PROCESSES > 1 && cluster.isPrimary) {
    answerMetrics()
    return runApiProcesses(config.API_PROCESSES, log, lifecycle)
  }

  const tracing = await open(
    'traces',
    () => openTracing('stampede-api', config, log),
    (it) => it?.close(),
  )

  async function openRedis(name: string): Promise<RedisClient> {
    const redis = connectRedis(services.redisUrl, { name })
    logRedisOutages(redis, log, isStopping)
    await open(
      'Redis',
      () => redis.connect(),
      () => redis.quit(),
    )
    return redis
  }
  const redis = await openRedis('api')
  // What waits for replicas holds up what follows on its connection: reads then need one of their own.
  const deciding = config.REPLICA_ACKS > 0 ? await openRedis('api-decisions') : redis
  const orm = await open(
    'Postgres',
    () => openApiOrm(services.databaseUrl),
    (it) => it.close(),
  )
  const verifier = await open(
    'verifier',
    () => openVerifier({ redis, orm, databaseUrl: services.databaseUrl }),
    (it) => it.close(),
  )
  const wakeUps = await open(
    'queue',
    () => openWakeUps(services.redisUrl),
    (it) => it.close(),
  )
  const pulse = openPulse(redis)
  const shown = await open(
    'shown queues',
    () => openShownQueues(services.redisUrl),
    (it) => it.close(),
  )
  const engine = await open(
    'engine',
    () =>
      openEngine({
        redis: deciding,
        holdMs: config.ORDER_HOLD_MS,
        replicaAcks: config.REPLICA_ACKS,
        traces: tracing?.commands,
        onBatch(batch) {
          countBatch(batch)
          pulse.countBatch(batch)
        },
        onSoldOut: pulse.countSoldOut,
        onAccepted: wakeUps.wake,
        onLost: logLost(log),
      }),
    async (it) => {
      await it.drained()
      logUncertain(log, await it.uncertain())
    },
  )
  await open(
    'look for losses',
    () => repeat(engine.look, limits.upkeepIntervalMs),
    (it) => it.close(),
  )
  await open(
    'pulse',
    () => repeat(pulse.publish, limits.pulseIntervalMs),
    (it) => it.close(),
  )
  const openSubscriber = () => connectRedis(services.redisUrl, { name: 'api-feed' })
  const feed = openFeed({ redis, orm, openSubscriber })
  const storm = openStorm()
  openShopMetrics({ redis, orm })
  await openPoolMetrics(orm)
  const app = createApp({
    engine,
    redis,
    orm,
    config: { ...config, JWT_SECRET: services.jwtSecret },
    log,
    verify: verifier.verify,
    metrics: openMetrics(),
    queues: shown.queues,
    operators: operatorsOf(config),
    feed,
    runStorm: storm.run,
    readiness: openReadiness({ redis, orm, isStopping }),
  })
  const told: Fetch = (request, env) => {
    // It is made for each request, so nobody else has it, and a copy of it would be made for each, too.
    env.countProblem = pulse.countProblem
    return app.fetch(request, env)
  }
  const fetch = tracing ? tracing.requests(told) : told
  const served = allowOrigins(config.CORS_ORIGINS, fetch)
  await open('HTTP', () => listen(served, config), closeServer)
  // Both before HTTP closes, which waits for answers that come to an end.
  await open(
    'storm',
    () => storm,
    (it) => it.close(),
  )
  await open(
    'feed',
    () => feed,
    (it) => it.close(),
  )
  log.info({ host: config.HOST, port: config.PORT }, 'listening')
})
