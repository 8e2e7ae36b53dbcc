import { Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'

export type Batcher<Reply> = {
  /** Adds one command to the next batch and resolves with its reply. */
  submit(command: string[]): Promise<Reply>
  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void>
}

type Waiting<Reply> = {
  command: string[]
  resolve: (reply: Reply) => void
  reject: (error: unknown) => void
}

/**
 * Collects commands into batches. The commands of one turn of the event loop travel together, and so do those that
 * arrive while a batch is under way: the busier it gets, the larger the batches and the less each command costs.
 * There is no timer, so an idle engine adds no latency.
 *
 * @param send takes a batch and resolves with one reply per command, in order. Where it rejects, the batch and
 *   everything that waits behind it is rejected, so that an outage is answered at once and not batch by batch.
 */
export function openBatcher<Reply>(send: (batch: string[][]) => Promise<Reply[]>): Batcher<Reply> {
  let waiting: Waiting<Reply>[] = []
  let isBusy = false
  let onDrained: (() => void)[] = []

  async function run() {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, limits.batchCommandsMax)
      try {
        const replies = await send(batch.map((entry) => entry.command))
        for (const [index, entry] of batch.entries()) entry.resolve(replies[index] as Reply)
      } catch (error) {
        const failed = batch.concat(waiting)
        waiting = []
        for (const entry of failed) entry.reject(error)
      }
    }
    isBusy = false
    for (const resolve of onDrained) resolve()
    onDrained = []
  }

  return {
    submit(command) {
      if (waiting.length >= limits.queuedCommandsMax) {
        return Promise.reject(new Unavailable('Too many commands wait for Redis'))
      }
      return new Promise((resolve, reject) => {
        waiting.push({ command, resolve, reject })
        if (isBusy) return
        isBusy = true
        // The check phase comes after all input of this turn was read, so the turn's commands go together.
        setImmediate(run)
      })
    },
    drained() {
      return isBusy ? new Promise((resolve) => onDrained.push(resolve)) : Promise.resolve()
    },
  }
}
