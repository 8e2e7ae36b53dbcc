import { type Connection, openConnection } from './connection.ts'
import { type Latency, openLatencies } from './latencies.ts'
import { readRequests } from './requests.ts'

/** What a run of the load generator sends, and how. */
export type LoadPlan = {
  port: number
  /** Written by `writeRequests`. */
  file: string
  connections: number
  /** Requests per second of an open loop; without it a connection sends as soon as it has its answer. */
  rate?: number
}

export type LoadResult = {
  seconds: number
  statuses: Record<string, number>
  /** From the moment a request was due, so that a server that is late cannot hide it. */
  latencyMs: { accepted: Latency; refused: Latency }
}

export type ToClient = { plan: LoadPlan } | { go: true }
export type FromClient = { ready: true } | { result: LoadResult } | { failure: string }

/** The process that makes the load. It does what one plan after the other says, until its parent leaves. */
let run: (() => Promise<LoadResult>) | undefined
process.on('message', async (message: ToClient) => {
  try {
    if ('plan' in message) {
      run = await prepare(message.plan)
      tell({ ready: true })
    } else if (run) {
      tell({ result: await run() })
    }
  } catch (error) {
    tell({ failure: String(error) })
  }
})
process.once('disconnect', () => process.exit())

function tell(message: FromClient): void {
  process.send?.(message)
}

/** Reads the requests and opens the connections; what it returns sends and measures. */
async function prepare({ port, file, connections, rate }: LoadPlan) {
  const requests = readRequests(file)
  const latencies = openLatencies()
  const statuses: Record<string, number> = {}
  const idle: number[] = []
  const dueAt = new Float64Array(connections)
  let startedAt = 0
  let next = 0
  let answered = 0
  let end: (error?: Error) => void = () => {}

  /** When the request is due, in milliseconds since some start; in a closed loop that is now. */
  const dueTime = (index: number) =>
    rate === undefined ? performance.now() : startedAt + (index * 1_000) / rate

  function send(number: number): void {
    dueAt[number] = dueTime(next)
    opened[number]?.send(requests[next] as Buffer)
    next += 1
  }

  function sendDue(): void {
    while (idle.length > 0 && next < requests.length && dueTime(next) <= performance.now()) {
      // In turn, because a server closes a connection that is idle for long.
      send(idle.shift() as number)
    }
  }

  function received(number: number, status: number): void {
    statuses[status] = (statuses[status] ?? 0) + 1
    latencies.note(status, performance.now() - (dueAt[number] as number))
    answered += 1
    idle.push(number)
    if (answered === requests.length) end()
    else sendDue()
  }

  const opened: Connection[] = await Promise.all(
    Array.from({ length: connections }, (_, number) =>
      openConnection(port, {
        response: (status) => received(number, status),
        broken: (error) => end(error),
      }),
    ),
  )

  return async (): Promise<LoadResult> => {
    startedAt = performance.now()
    const ended = new Promise<void>((resolve, reject) => {
      end = (error) => (error ? reject(error) : resolve())
    })
    for (let number = 0; number < connections; number++) idle.push(number)
    sendDue()
    const timer = rate === undefined ? undefined : setInterval(sendDue, 1)
    try {
      await ended
    } finally {
      clearInterval(timer)
      for (const connection of opened) connection.close()
    }
    const seconds = (performance.now() - startedAt) / 1_000
    return { seconds, statuses, latencyMs: latencies.summary() }
  }
}
