import { setTimeout as wait } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { queuePrefix } from '../src/redis/keys.ts'
import { until } from '../src/services/processes.ts'
import { withRedis } from '../src/services/redis-connection.ts'
import type { Fault } from './schedule.ts'
import type { ProcessName, Stage } from './stage.ts'

/** A target that another fault holds down is waited for, at most so long. */
const targetMs = 30_000

/**
 * Breaks the stage and mends it again.
 *
 * @param onBroken hears the moment in which the fault begins.
 * @returns when the fault is over; what it broke may still be recovering.
 */
export async function inject(stage: Stage, fault: Fault, onBroken: () => void): Promise<void> {
  switch (fault.type) {
    case 'kill':
      return whenRunning(onBroken, () =>
        isServer(fault.target)
          ? stage[fault.target].kill()
          : stage.processes[fault.target].signal('SIGKILL'),
      )
    case 'restart':
      return whenRunning(onBroken, () => stage.processes[fault.target].signal('SIGTERM'))
    case 'freeze': {
      let thaw: (() => void) | null = null
      await whenRunning(onBroken, async () => {
        const { target } = fault
        thaw = await (isServer(target) ? stage[target] : stage.processes[target]).freeze()
        return thaw !== null
      })
      await wait(fault.forMs)
      ;(thaw as (() => void) | null)?.()
      return
    }
    case 'down': {
      const server = stage[fault.target]
      server.hold()
      await whenRunning(onBroken, () => server.kill())
      await wait(fault.forMs)
      server.release()
      return
    }
    case 'link': {
      const link = stage.links[fault.link]
      onBroken()
      link.break(fault.fault)
      await wait(fault.forMs)
      link.mend()
      return
    }
    case 'queue-lost':
      return whenRunning(onBroken, () =>
        tell(stage, async (redis) => {
          const keys = await redis.keys(`${queuePrefix}:*`)
          if (keys.length > 0) await redis.del(...keys)
        }),
      )
    case 'flushall':
      return whenRunning(onBroken, () => tell(stage, (redis) => redis.flushall()))
  }
}

function isServer(target: ProcessName | 'redis' | 'postgres'): target is 'redis' | 'postgres' {
  return target === 'redis' || target === 'postgres'
}

async function whenRunning(
  onBroken: () => void,
  act: () => boolean | Promise<boolean>,
): Promise<void> {
  // Where it stays down, its own recovery is late, and that is told.
  await until(act, targetMs)
  onBroken()
}

/** Tells Redis something, without a link between. False where it is down or frozen. */
async function tell(stage: Stage, what: (redis: Redis) => Promise<unknown>): Promise<boolean> {
  try {
    await withRedis(stage.redis.url(), what)
    return true
  } catch {
    return false
  }
}
