import { Socket } from 'node:net'
import { openOrm } from '../../src/db/orm.ts'
import { retryOldest } from '../../src/dead-letters/retry.ts'
import { connectRedis } from '../../src/redis/client.ts'

/** Where a process that retries dead letters may die, by the message to Postgres that it sends at that moment. */
export type RetryMoment = {
  message: 'delete from dead_letters' | 'copy' | 'commit'
  isSent: boolean
}
export type RetryOrder = {
  redisUrl: string
  databaseUrl: string
  shop: string
  moment: RetryMoment
}

/** A process that retries what it is told to, and does not survive it. */
process.once('message', async ({ redisUrl, databaseUrl, shop, moment }: RetryOrder) => {
  const write = Socket.prototype.write
  Socket.prototype.write = function (this: Socket, ...args: unknown[]) {
    const isMoment = Buffer.isBuffer(args[0]) && args[0].includes(moment.message)
    if (isMoment && !moment.isSent) process.kill(process.pid, 'SIGKILL')
    const isWritten = Reflect.apply(write, this, args)
    if (isMoment) process.kill(process.pid, 'SIGKILL')
    return isWritten
  }
  const redis = connectRedis(redisUrl, { name: 'test' })
  await redis.connect()
  const orm = openOrm(databaseUrl, { poolMax: 1 })
  await retryOldest({ orm, redis, shop })
  process.exit(0)
})
process.send?.('ready')
