import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { limits } from '../limits.ts'

/** Node has no public name for the answer that is due next on a connection. */
type Connection = Socket & { _httpMessage?: ServerResponse | null }

/** The answer that is due next on a connection, where one is. */
export function dueOn(connection: Connection): ServerResponse | null {
  return connection._httpMessage ?? null
}

/** What the connections of a server may take of its memory and its place. */
export type Connections = {
  /**
   * Looks after the connections of this server from now on.
   *
   * @param max of them; the default leaves the process files for everything else.
   */
  watch(server: Server, max?: number): void
  /** Notes a request. Tells whether it is to be answered: where not, its connection has been ended. */
  accept(incoming: IncomingMessage, outgoing: ServerResponse): boolean
}

/**
 * Keeps connections within their bounds:
 *
 * - Beyond the bound the connection goes that has been idle for longest, and not the newest: so whoever opens
 *   thousands and says nothing pushes out himself, and neither a buyer nor a look at the health. Those that were
 *   answered before are kept before strangers, who may be thousands in a moment, up to half of the bound.
 * - Who does not take his answer is cut off, and so are those who are owed most for longest where all answers together
 *   wait for too much memory.
 * - Requests that are sent before the ones in front of them are answered may be a few, because all are begun at once.
 */
export function openConnections(): Connections {
  /** Both by when they were last used. */
  const strangers = new Set<Connection>()
  const known = new Set<Connection>()
  const untaken = new Map<Connection, { takenBytes: number; sinceMs: number }>()
  const waiting = new WeakMap<Socket, number>()

  function* all(): Generator<Connection> {
    yield* strangers
    yield* known
  }

  function shed(max: number): void {
    const [before, after] = strangers.size > max / 2 ? [strangers, known] : [known, strangers]
    const idle = findIdle(before) ?? findIdle(after)
    if (idle) drop(idle)
  }

  function forget(connection: Connection): void {
    strangers.delete(connection)
    known.delete(connection)
    untaken.delete(connection)
  }

  /** It counts no more from now on, and the system forgets at once what the client has not taken. */
  function drop(connection: Connection): void {
    forget(connection)
    if (connection.writableLength > 0) connection.resetAndDestroy()
    else connection.destroy()
  }

  function cutOffSlowReaders(): void {
    const nowMs = performance.now()
    let owedBytes = 0
    for (const connection of all()) {
      const owed = connection.writableLength
      if (owed === 0) {
        untaken.delete(connection)
        continue
      }
      owedBytes += owed
      const takenBytes = connection.bytesWritten - owed
      const before = untaken.get(connection)
      if (before?.takenBytes === takenBytes) {
        if (nowMs - before.sinceMs >= limits.answerTakenMs) drop(connection)
        continue
      }
      untaken.delete(connection)
      untaken.set(connection, { takenBytes, sinceMs: nowMs })
    }
    for (const connection of untaken.keys()) {
      if (owedBytes <= limits.owedBytesMax) return
      owedBytes -= connection.writableLength
      drop(connection)
    }
  }

  return {
    watch(server, max = connectionsMax()) {
      server.on('connection', (connection: Connection) => {
        strangers.add(connection)
        connection.once('close', () => forget(connection))
        if (strangers.size + known.size > max) shed(max)
      })
      const looks = setInterval(cutOffSlowReaders, limits.owedLookMs)
      server.once('close', () => clearInterval(looks))
    },
    accept({ socket }, outgoing) {
      const wasKnown = known.delete(socket)
      if (!wasKnown) strangers.delete(socket)
      const isKnown = wasKnown || socket.bytesWritten > 0
      ;(isKnown ? known : strangers).add(socket)
      // An answer that has the connection is the first in line.
      if (outgoing.socket !== null) return true
      const behind = waiting.get(socket) ?? 0
      if (behind >= limits.pipelinedRequestsMax) {
        drop(socket)
        return false
      }
      waiting.set(socket, behind + 1)
      outgoing.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1))
      return true
    },
  }
}

/**
 * The first of these that is idle: it says nothing, or it is in the middle of what it says, or it does not take its
 * answer.
 */
function findIdle(connections: Set<Connection>): Connection | undefined {
  for (const connection of connections) {
    const isAnswered = dueOn(connection)?.req.complete === true && connection.writableLength === 0
    if (!isAnswered) return connection
  }
  return undefined
}

/** As many as there may be, where the system lets the process have so many. */
function connectionsMax(): number {
  // Else it would ask for the names of the addresses that the process is connected with.
  const report = Object.assign(process.report, { excludeNetwork: true }).getReport() as unknown
  const { userLimits } = report as { userLimits: { open_files: { soft: number | string } } }
  const files = Number(userLimits.open_files.soft)
  if (Number.isNaN(files)) return limits.connectionsMax
  return Math.max(1, Math.min(limits.connectionsMax, files - limits.otherFilesMax))
}
