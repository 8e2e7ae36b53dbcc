import type { MikroORM } from '@mikro-orm/postgresql'
import { Gauge } from 'prom-client'
import { registry } from './registry.ts'

/** Adds how this process uses its connections to Postgres to the metrics. */
export async function openPoolMetrics(orm: MikroORM): Promise<void> {
  // It connects at its first query, not here.
  const pool = await orm.em.getConnection().getNativeClient()
  new Gauge({
    name: 'stampede_postgres_connections',
    help: 'Connections to Postgres, busy or idle.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount)
      this.set({ state: 'idle' }, pool.idleCount)
    },
  })
  new Gauge({
    name: 'stampede_postgres_waiting',
    help: 'Works that wait until a connection to Postgres is free.',
    registers: [registry],
    collect() {
      // Who gets an idle one stands in the queue for a moment, too.
      this.set(Math.max(0, pool.waitingCount - pool.idleCount))
    },
  })
}
