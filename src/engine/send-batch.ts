import { createHash } from 'node:crypto'
import { Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { composeScript } from '../redis/scripts.ts'

const script = composeScript('decide')
const scriptDigest = createHash('sha1').update(script).digest('hex')

/** First the digest, then the script to a server that lacks it, and both again where a slot has moved. */
const attemptsMax = 4

/**
 * Sends one batch to the deciding script, and with `replicaAcks` waits until so many replicas have what it wrote.
 *
 * What that promises: the decision survives the loss of its primary, as long as one of the replicas that have it is
 * promoted. With one replica per primary that is the only one there is; with more, Redis promotes the one that has
 * received most, if it can see it, which is likely and not certain. It also unmasks a primary that was replaced and
 * does not know: its replicas have left it. It does not undo a decision that too few replicas got: that one stands,
 * unless a failover takes it back, and a repeated request gets it. `min-replicas-to-write` on the servers makes Redis
 * refuse, before it decides, where replicas are known to be gone.
 *
 * @returns the reply as it came.
 * @throws Unavailable where Redis is gone, does not answer in time or has too few replicas that do. The effect of the
 *   batch is then unknown.
 */
export async function sendBatch(
  redis: RedisClient,
  keys: readonly string[],
  args: readonly string[],
  replicaAcks = 0,
): Promise<unknown[]> {
  try {
    if (replicaAcks > 0) return await decideAcknowledged(redis, keys, args, replicaAcks)
    return (await redis.decide(keys.length, ...keys, ...args)) as unknown[]
  } catch (cause) {
    throw new Unavailable('Redis did not decide', { cause })
  }
}

/**
 * Asks for the decision and for the acknowledgements in one round trip. WAIT counts for what its own connection wrote
 * before it, so the script must not take another way than the WAIT behind it: where it was not executed, because the
 * server lacks it or the slot is elsewhere, both are sent again.
 */
async function decideAcknowledged(
  redis: RedisClient,
  keys: readonly string[],
  args: readonly string[],
  replicaAcks: number,
): Promise<unknown[]> {
  let hasScript = true
  for (let attempt = 1; ; attempt++) {
    const batch = redis.pipeline()
    if (hasScript) batch.evalsha(scriptDigest, keys.length, ...keys, ...args)
    else batch.eval(script, keys.length, ...keys, ...args)
    const results = await batch.wait(replicaAcks, limits.replicaAckMs).exec()
    const [decision, acks] = results as [[Error | null, unknown], [Error | null, unknown]]
    const refusal = decision[0]?.message ?? ''
    if (decision[0] === null) {
      if (acks[0]) throw acks[0]
      if (Number(acks[1]) >= replicaAcks) return decision[1] as unknown[]
      throw new Error(`${acks[1]} of ${replicaAcks} replicas have the decision`)
    }
    if (attempt === attemptsMax || !/^(NOSCRIPT|MOVED) /.test(refusal)) throw decision[0]
    if (refusal.startsWith('NOSCRIPT')) hasScript = false
    // A single command is sent on to where the slot is, and so the client learns the place.
    else await redis.exists(keys[0] as string)
  }
}
