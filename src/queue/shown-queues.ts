import { Queue } from 'bullmq'
import { queuePrefix } from '../redis/keys.ts'
import { connectQueue } from './connection.ts'
import { queueNames } from './jobs.ts'

export type ShownQueues = { queues: readonly Queue[]; close(): Promise<void> }

/**
 * Opens the queues for somebody who only looks at them, on a connection of their own: a long list that somebody asks
 * for must not hold up a wake-up. A look while Redis is away fails at once, and says nothing in the log.
 */
export function openShownQueues(redisUrl: string): ShownQueues {
  const connection = connectQueue(redisUrl, 'producer')
  const queues = Object.values(queueNames).map((name) => {
    const queue = new Queue(name, {
      connection,
      prefix: queuePrefix,
      skipWaitingForReady: true,
      // Who looks writes nothing, not even which version he is.
      skipMetasUpdate: true,
    })
    return queue.on('error', () => {})
  })
  return {
    queues,
    async close() {
      await Promise.all(queues.map((queue) => queue.close()))
      connection.disconnect()
    },
  }
}
