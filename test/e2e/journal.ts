import { type Answer, type Call, openClient } from '../../src/demo/client.ts'

type Body = Record<string, unknown>
export type Kind = 'charge' | 'claim' | 'order' | 'finish'

/** What a client knows of one request. Without an answer it cannot know whether there was an effect. */
export type Entry = { call: Call; answer: Answer<Body> | null }

/** What one user asked for: each kind once. */
export type Errands = Partial<Record<Kind, Entry>>

type Fate = 'accepted' | 'refused' | 'unknown' | 'never sent'

export function fateOf(entry: Entry | undefined): Fate {
  if (!entry) return 'never sent'
  const status = entry.answer?.status ?? 500
  if (status >= 500) return 'unknown'
  return status < 300 ? 'accepted' : 'refused'
}

/** A client that writes down every request with its answer, per user. */
export function openJournal(url: string) {
  const client = openClient(new URL(url))
  const users = new Map<string, Errands>()
  const waiting: { count: number; resolve: () => void }[] = []
  let answered = 0
  return {
    users,
    /** How many requests were answered so far. */
    answered: () => answered,
    /** Resolves at the answer with this number. */
    reaches: (count: number) =>
      new Promise<void>((resolve) => {
        waiting.push({ count, resolve })
      }),
    async send(userId: string, kind: Kind, call: Call): Promise<Entry> {
      const entry: Entry = { call, answer: null }
      users.set(userId, { ...users.get(userId), [kind]: entry })
      entry.answer = await client.send<Body>(call).catch(() => null)
      if (entry.answer) answered += 1
      for (const { count, resolve } of waiting) if (answered >= count) resolve()
      return entry
    },
    close: client.close,
  }
}

export type Journal = ReturnType<typeof openJournal>
