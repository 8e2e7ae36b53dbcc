import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { FromClient, LoadPlan, LoadResult, ToClient } from './client.ts'
import { writeRequests } from './requests.ts'

export type Load = {
  pid: number
  /**
   * Lets the generator send these requests, in their order.
   *
   * @param measure is around the sending alone: requests are read and connections are open when it is called.
   * @throws Error where a connection broke.
   */
  run<Measured>(
    plan: Omit<LoadPlan, 'file'>,
    requests: readonly Buffer[],
    measure: (send: () => Promise<LoadResult>) => Promise<Measured>,
  ): Promise<Measured>
  close(): void
}

/** Starts the load generator, a process of its own, so that what it costs is nobody else's. */
export function openLoad(folder: string): Load {
  const child = fork(join(import.meta.dirname, 'client.ts'))
  const file = join(folder, 'requests')
  const ask = (message: ToClient) => {
    const answer = nextMessage(child)
    child.send(message)
    return answer
  }
  return {
    pid: child.pid as number,
    async run(plan, requests, measure) {
      writeRequests(file, requests)
      await ask({ plan: { ...plan, file } })
      return measure(async () => {
        const answer = await ask({ go: true })
        if (!('result' in answer)) throw new Error('The load generator did not run')
        return answer.result
      })
    },
    close: () => child.disconnect(),
  }
}

async function nextMessage(child: ChildProcess): Promise<FromClient> {
  const other = new AbortController()
  const message = await Promise.race([
    once(child, 'message', other).then(([first]) => first as FromClient),
    once(child, 'exit', other).then(() => ({ failure: 'The load generator ended' })),
  ]).finally(() => other.abort())
  if ('failure' in message) throw new Error(`The load could not be made: ${message.failure}`)
  return message
}
