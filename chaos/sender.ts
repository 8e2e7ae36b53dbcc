import { setTimeout as wait } from 'node:timers/promises'
import { createSigner } from 'fast-jwt'
import { type Answer, openClient } from './client.ts'
import type { Attempt, Intent, Journal, Outcome } from './journal.ts'
import type { ChaosRandom } from './random.ts'
import { type ApiName, apiNames, jwtSecret, type Stage } from './stage.ts'

/** Attempts after the first one of what got no answer, or was turned away for now. */
const retriesMax = 4
const retryDelayMs = 150
/**
 * Retries that may be sent beyond what answers have earned: clients that all insist on a server that has just come back
 * would keep it from ever answering one of them in time.
 */
const retryBudgetMax = 200
const retriesPerAnswer = 0.5

/** What the client knows of an operation after all its attempts. */
export type Fate = { outcome: Outcome; body: Record<string, unknown> | null }

export type Sender = {
  /** Sends it until there is an answer, at most some times; `times` of them together at first. */
  perform(intent: Omit<Intent, 'operation'>, random: ChaosRandom, times?: number): Promise<Fate>
  /** Sends an operation once more. */
  repeat(intent: Intent, random: ChaosRandom): Promise<void>
  close(): void
}

/** The clients of a run. Everything they do is in the journal before they do it. */
export function openSender(
  stage: Stage,
  journal: Journal,
  onAnswer: (attempt: Attempt) => void,
): Sender {
  const clients = new Map(apiNames.map((name) => [name, openClient(stage.apiUrl(name))]))
  const sign = createSigner({ key: jwtSecret, algorithm: 'HS256', expiresIn: 86_400_000 })
  const tokens = new Map<string, string>()
  let operations = 0
  let retryBudget = retryBudgetMax

  function tokenOf(caller: string): string {
    let token = tokens.get(caller)
    if (token === undefined) {
      token = sign({ sub: caller, role: caller === 'operator' ? 'admin' : 'user' })
      tokens.set(caller, token)
    }
    return token
  }

  async function attempt(intent: Intent, api: ApiName): Promise<Attempt> {
    const entry = await journal.begin(intent, api)
    const { method, path, key, body } = intent
    try {
      const call = { method, path, key, body, token: tokenOf(intent.caller) }
      const answer = await (clients.get(api) as ReturnType<typeof openClient>).send(call)
      const { status, replayed, retryAfter } = answer
      retryBudget = Math.min(retryBudget + retriesPerAnswer, retryBudgetMax)
      const code = answer.body.code as string | undefined
      const outcome = outcomeOf(answer)
      const facts = { status, code, replayed, retryAfter, body: answer.body }
      await journal.end(entry, { outcome, answeredAt: Date.now(), ...facts })
    } catch (error) {
      await journal.end(entry, { outcome: 'unknown', answeredAt: Date.now(), error: String(error) })
    }
    onAnswer(entry)
    return entry
  }

  return {
    async perform(wanted, random, times = 1) {
      operations += 1
      const intent = { operation: operations, ...wanted }
      const all: Attempt[] = []
      for (let retry = 0; retry <= retriesMax; retry += 1) {
        if (retry > 0) await wait(retryDelayMs * 2 ** retry * (0.5 + random.share()))
        const together = Array.from({ length: retry === 0 ? times : 1 }, () =>
          attempt(intent, random.pick(apiNames)),
        )
        all.push(...(await Promise.all(together)))
        const accepted = all.find(({ outcome }) => outcome === 'ok')
        if (accepted) return { outcome: 'ok', body: accepted.body ?? null }
        if (all.at(-1)?.outcome === 'refused' && all.at(-1)?.status !== 503) break
        if (retryBudget < 1) break
        retryBudget -= 1
      }
      const isUnknown = all.some(({ outcome }) => outcome === 'unknown')
      return { outcome: isUnknown ? 'unknown' : 'refused', body: all.at(-1)?.body ?? null }
    },
    async repeat(intent, random) {
      await attempt(intent, random.pick(apiNames))
    },
    close() {
      for (const client of clients.values()) client.close()
    },
  }
}

/** `unavailable` says itself that nobody knows; the other refusals of 503 are decisions. */
function outcomeOf({ status, body }: Answer): Outcome {
  if (status >= 200 && status < 300) return 'ok'
  if (status < 500) return 'refused'
  return ['shop_closed', 'backlog_full'].includes(String(body.code)) ? 'refused' : 'unknown'
}
