import { connect, createServer, type Server, type Socket } from 'node:net'

/** What a link does to the bytes that travel on it. */
export type LinkFault =
  /** Connections end, and new ones are refused. */
  | { mode: 'cut' }
  /** Connections are reset (RST); new ones are taken at once. */
  | { mode: 'reset' }
  /** Every piece of data arrives later, by `delayMs` and up to `jitterMs` more, in order. */
  | { mode: 'delay'; delayMs: number; jitterMs: number }
  /** Nothing arrives any more; what is on its way arrives at the end, or never where it ends with a reset. */
  | { mode: 'black-hole'; endsWithReset: boolean }
  /** What is sent arrives, but the connection is reset instead of the answer, after so many whole ones. */
  | { mode: 'answer-lost'; after: number }

/**
 * A TCP proxy in front of one server for one of its clients. Both believe in a network that can be broken in ways that
 * a real one knows.
 */
export type Link = {
  port: number
  /** Where it leads; a server that was started again may have another port. */
  aim(port: number): void
  /** Breaks the link until `mend`. */
  break(fault: LinkFault): void
  mend(): void
  close(): void
}

type Pair = { client: Socket; upstream: Socket }

/** Opens a link on a port of its own. */
export async function openLink(random: () => number): Promise<Link> {
  const pairs = new Set<Pair>()
  let target = 0
  let fault: LinkFault | null = null
  let answersUntilLoss = 0

  const server = createServer({ noDelay: true }, (client) => {
    if (fault?.mode === 'cut' || target === 0) return void client.destroy()
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true })
    const pair = { client, upstream }
    pairs.add(pair)
    carry(pair, client, upstream, () => false)
    carry(pair, upstream, client, losesAnswer)
  })

  function carry(pair: Pair, from: Socket, to: Socket, isLost: () => boolean): void {
    const pieces = openPipeline(random, (data) =>
      data === null ? to.destroySoon() : pass(from, to, data),
    )
    from.on('data', (data) => {
      if (isLost()) drop(pair)
      else pieces.add(data, fault?.mode === 'delay' ? fault : null)
    })
    from.on('error', () => {})
    from.on('close', () => {
      pairs.delete(pair)
      // What was sent before the end still arrives before it.
      pieces.add(null, null)
    })
    if (fault?.mode === 'black-hole') from.pause()
  }

  function pass(from: Socket, to: Socket, data: Buffer | string): void {
    if (to.destroyed || to.write(data)) return
    from.pause()
    to.once('drain', () => {
      // Out of a black hole it comes with the others.
      if (fault?.mode !== 'black-hole') from.resume()
    })
  }

  function losesAnswer(): boolean {
    if (fault?.mode !== 'answer-lost') return false
    answersUntilLoss -= 1
    if (answersUntilLoss >= 0) return false
    answersUntilLoss = fault.after
    return true
  }

  function drop({ client, upstream }: Pair): void {
    client.resetAndDestroy()
    upstream.destroy()
  }

  function dropAll(): void {
    for (const pair of pairs) {
      pair.client.resetAndDestroy()
      pair.upstream.resetAndDestroy()
    }
  }

  const port = await listen(server)
  return {
    port,
    aim(port) {
      target = port
    },
    break(next) {
      fault = next
      if (next.mode === 'cut') for (const { client, upstream } of pairs) [client, upstream].map(end)
      if (next.mode === 'reset') dropAll()
      if (next.mode === 'answer-lost') answersUntilLoss = next.after
      if (next.mode === 'black-hole') for (const pair of pairs) each(pair, (one) => one.pause())
    },
    mend() {
      if (fault?.mode === 'black-hole') {
        if (fault.endsWithReset) dropAll()
        else for (const pair of pairs) each(pair, (one) => one.resume())
      }
      fault = null
    },
    close() {
      for (const pair of pairs) each(pair, end)
      server.close()
    },
  }
}

type Piece = Buffer | string | null

/** Hands on one piece after the other, each in its time, and none before those that came before it. */
function openPipeline(random: () => number, hand: (piece: Piece) => void) {
  let queue: { piece: Piece; at: number }[] = []
  let timer: NodeJS.Timeout | undefined

  function handDue(): void {
    timer = undefined
    const now = performance.now()
    const later = queue.findIndex(({ at }) => at > now)
    const due = later === -1 ? queue : queue.slice(0, later)
    queue = later === -1 ? [] : queue.slice(later)
    for (const { piece } of due) hand(piece)
    const [next] = queue
    if (next) timer = setTimeout(handDue, Math.ceil(next.at - performance.now()))
  }
  return {
    add(piece: Piece, delay: { delayMs: number; jitterMs: number } | null): void {
      const lateMs = delay ? delay.delayMs + random() * delay.jitterMs : 0
      queue.push({ piece, at: performance.now() + lateMs })
      if (timer === undefined) handDue()
    },
  }
}

function each({ client, upstream }: Pair, act: (socket: Socket) => void): void {
  act(client)
  act(upstream)
}

function end(socket: Socket): void {
  socket.destroy()
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address && typeof address === 'object') resolve(address.port)
    })
  })
}
