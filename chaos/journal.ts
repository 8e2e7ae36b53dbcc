import { open } from 'node:fs/promises'

export type Kind =
  | 'charge'
  | 'claim'
  | 'order'
  | 'payment'
  | 'cancellation'
  | 'refund'
  | 'adjustment'
  | 'cart'
  | 'reuse'
  | 'read'

/** What a client wants. However often it is sent, it may take effect once. */
export type Intent = {
  /** Number of the operation in this run. */
  operation: number
  kind: Kind
  userId: string
  method: 'GET' | 'POST' | 'PUT'
  path: string
  /** The idempotency key, and whose. */
  key?: string
  caller: string
  body?: Record<string, unknown>
  /** The coupon of a claim, the option of a cart line. */
  subject?: string
}

export type Outcome = 'ok' | 'refused' | 'unknown'

export type Attempt = {
  /** Its number in the journal. */
  number: number
  intent: Intent
  api: string
  /** Milliseconds since 1970. */
  sentAt: number
  /** Undefined while it is under way; what is found so at the end is unknown. */
  outcome?: Outcome
  answeredAt?: number
  status?: number
  code?: string | undefined
  replayed?: boolean
  retryAfter?: string | undefined
  /** Why there is no answer. */
  error?: string
  body?: Record<string, unknown>
}

export type Journal = {
  attempts: Attempt[]
  /** Resolves when the intent is on disk: only then may it be sent. */
  begin(intent: Intent, api: string): Promise<Attempt>
  /** Resolves when the outcome is on disk: only then does it count. */
  end(attempt: Attempt, facts: Omit<Attempt, 'number' | 'intent' | 'api' | 'sentAt'>): Promise<void>
  close(): Promise<void>
}

/** Opens the client's own memory: a file of JSON lines, each on disk before what it tells of goes on. */
export async function openJournal(file: string): Promise<Journal> {
  const handle = await open(file, 'a')
  const attempts: Attempt[] = []
  let waiting: { line: string; resolve: () => void; reject: (error: unknown) => void }[] = []
  let writing: Promise<void> | null = null

  /** Lines that come while others are being written share the next fsync. */
  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await handle.appendFile(batch.map(({ line }) => line).join(''))
        await handle.datasync()
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    writing = null
  }

  function append(entry: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ line: `${JSON.stringify(entry)}\n`, resolve, reject })
      writing ??= writeAll()
    })
  }

  return {
    attempts,
    async begin(intent, api) {
      const attempt: Attempt = { number: attempts.length + 1, intent, api, sentAt: 0 }
      attempts.push(attempt)
      await append({ number: attempt.number, api, ...intent })
      attempt.sentAt = Date.now()
      return attempt
    },
    async end(attempt, facts) {
      await append({ number: attempt.number, ...facts })
      Object.assign(attempt, facts)
    },
    async close() {
      await writing
      await handle.close()
    },
  }
}
