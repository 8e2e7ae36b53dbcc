import { execFileSync } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { limits } from '../../src/limits.ts'
import { freePort } from '../../src/services/processes.ts'
import { signToken } from '../e2e/engine.ts'
import { openBooks } from '../workers/books.ts'
import { startApi } from './real-processes.ts'

/*
 * A real API process, and connections that want nothing from it but its place. `CONNECTIONS=10500` is as many as it
 * takes with its real bound, and some; the system must allow this process as many files.
 */

const connections = Number(process.env.CONNECTIONS ?? 600)
const connectionsMax = Math.min(limits.connectionsMax, connections - 100)
const arrivalMs = 2_000
/** What one connection may cost at the very most, and leave behind: V8 takes its time. */
const connectionBytes = 50_000
const slackBytes = 60_000_000 + 5_000 * connections
const heapMb = Math.ceil(96 + connections * 0.016)

const books = await openBooks({ redisDatabase: 9 })
const port = await freePort()

const head = (method: string, path: string, more = '') =>
  `${method} ${path} HTTP/1.1\r\nHost: shop\r\n${more}`
const claim = (number: number) =>
  head(
    'POST',
    '/v1/coupons/claims',
    `Authorization: Bearer ${signToken(`sloth-${number}`)}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 30000\r\n\r\n{"code":"',
  )

/** What somebody sends who never comes to an end, and what he then adds now and then. */
const kinds: [name: string, first: (number: number) => string, drip: string][] = [
  ['say nothing', () => '', ''],
  ['never end their headers', () => head('GET', '/livez', 'X-Slow: '), 'x'],
  ['never end their body', claim, 'x'],
  ['stop in the middle of a body', claim, ''],
  ['have had their answer', () => head('GET', '/livez', '\r\n'), ''],
]

it('serves others while thousands of connections want nothing, ends those, and gives back their memory', async () => {
  const api = await startApi(books, {
    // V8 gives back little of what it may have: so it may not have much, and what is never free ends the process.
    settings: { PORT: String(port), NODE_OPTIONS: `--max-old-space-size=${heapMb}` },
    changes: {
      'src/limits.ts': [
        '...processLimits,',
        `...processLimits, connectionsMax: ${connectionsMax}, requestArrivalMs: ${arrivalMs}, keepAliveGraceMs: 4_000,`,
      ],
    },
  })
  const memory = () =>
    1_024 * Number(execFileSync('ps', ['-o', 'rss=', '-p', String(api.pid)], { encoding: 'utf8' }))
  const bystander = openBystander()
  const seen: Record<string, number[]> = {}
  // What a process keeps of the first round it has for the second: only what grows then would never come to an end.
  for (const _ of ['first', 'second']) {
    for (const [kind, first, drip] of kinds) {
      const before = memory()
      const { peak, after } = await attack(first, drip)
      expect(peak - before, kind).toBeLessThan(connections * connectionBytes + slackBytes)
      seen[kind] = [...(seen[kind] ?? []), before, peak, after]
    }
  }
  console.info(JSON.stringify(seen))
  const ends = kinds.map(([kind]) => seen[kind] as number[])
  const growth = (ends.at(-1)?.[5] as number) - (ends.at(-1)?.[2] as number)
  expect(growth, 'memory of the second round').toBeLessThan(slackBytes)
  expect(bystander.isConnected()).toBe(true)
  expect(bystander.answers.length).toBeGreaterThan(10)
  for (const answer of bystander.answers) expect(answer).toMatch(/^HTTP\/1.1 200 OK/)
  expect(api.complaints()).toEqual([])

  /** All connections of one kind, until the process has ended them; the memory at the most, and in the end. */
  async function attack(first: (number: number) => string, drip: string) {
    const sockets: Socket[] = []
    while (sockets.length < connections) {
      // No more at once than the system keeps for a process that has not taken them yet.
      for (let count = 0; count < 250; count++) sockets.push(dial(first(sockets.length)))
      expect(await livez(), 'a look at the health').toBe(200)
    }
    const dripping = setInterval(() => {
      if (drip !== '') for (const socket of sockets) if (socket.writable) socket.write(drip)
    }, 200)
    let peak = 0
    await vi.waitFor(
      async () => {
        // A new connection is served, also while there are as many as may be.
        expect(await livez(), 'a look at the health').toBe(200)
        peak = Math.max(peak, memory())
        expect(sockets.filter(({ closed }) => !closed)).toHaveLength(0)
      },
      { timeout: 60_000, interval: 100 },
    )
    clearInterval(dripping)
    return { peak, after: memory() }
  }
}, 300_000)

function dial(first: string): Socket {
  const socket = connect(port, '127.0.0.1')
  // Whoever is ended in the middle of what he sends is told so.
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  socket.resume().write(first)
  return socket
}

async function livez(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/livez`, {
    headers: { connection: 'close' },
  })
  await response.arrayBuffer()
  return response.status
}

/** Somebody who was there before, on one connection, and goes on asking. With his answers. */
function openBystander() {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  const answers: string[] = []
  let asked = 0
  socket.on('data', (answer) => answers.push(String(answer)))
  const asking = setInterval(() => {
    if (answers.length < asked) return
    asked += 1
    socket.write(head('GET', '/livez', '\r\n'))
  }, 100)
  onTestFinished(() => clearInterval(asking))
  return {
    isConnected: () => !socket.closed,
    answers,
  }
}
