import { Socket } from 'node:net'
import { openOrm } from '../../src/db/orm.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'

/** Where a process that drains may die: around its COMMIT. */
export type Moment = 'before the commit' | 'with the commit on its way' | 'after the commit'
export type CrashOrder = { redisUrl: string; databaseUrl: string; shop: string; moment: Moment }

/** A process that drains when it is told to, and does not survive it. */
process.once('message', async ({ redisUrl, databaseUrl, shop, moment }: CrashOrder) => {
  const die = () => process.kill(process.pid, 'SIGKILL')
  if (moment === 'with the commit on its way') {
    const write = Socket.prototype.write
    Socket.prototype.write = function (this: Socket, ...args: unknown[]) {
      const isWritten = Reflect.apply(write, this, args)
      if (Buffer.isBuffer(args[0]) && args[0].includes('commit')) die()
      return isWritten
    }
  }
  const redis = connectRedis(redisUrl, { name: 'test' })
  await redis.connect()
  const orm = openOrm(databaseUrl, { poolMax: 1 })
  const failpoint = async (here: Moment) => {
    if (moment === here) die()
  }
  await drainOutbox({
    orm,
    redis,
    shop,
    failpoints: {
      beforeCommit: () => failpoint('before the commit'),
      afterCommit: () => failpoint('after the commit'),
    },
  })
  process.exit(0)
})
process.send?.('ready')
