import { shopKey } from '../src/redis/keys.ts'
import { defaultShop } from '../src/services/prepare.ts'
import { withRedis } from '../src/services/redis-connection.ts'
import type { Books } from './books.ts'
import { keyedId } from './check/operations.ts'
import type { Violation } from './check/violation.ts'
import type { Attempt } from './journal.ts'
import type { Injured } from './recovery.ts'
import { describeFault } from './schedule.ts'
import type { Stage } from './stage.ts'

const linesMax = 40
/** Faults that far before and behind the attempts are told. */
const aroundMs = 10_000

type Evidence = {
  stage: Stage
  books: Books
  attempts: readonly Attempt[]
  faults: readonly Injured[]
}

/** Everything that is known of one violation: the client's journal, the faults around it, Postgres and Redis. */
export async function tellHistory(violation: Violation, evidence: Evidence): Promise<string> {
  const { attempts, faults } = evidence
  const { operation, userId, ids = [] } = violation
  const isAbout = (value: unknown) => {
    const text = JSON.stringify(value)
    return [userId, ...ids].some((id) => id !== undefined && text.includes(id))
  }
  const own = attempts.filter(({ intent }) => intent.operation === operation)
  const told = own.length > 0 && userId === undefined ? own : attempts.filter(isAbout)
  const entries = [...new Set([...own, ...told])].sort((one, other) => one.sentAt - other.sentAt)
  const times = (own.length > 0 ? own : entries).flatMap(({ sentAt, answeredAt = sentAt }) => [
    sentAt,
    answeredAt,
  ])
  const around = faults.filter(
    ({ at }) =>
      times.length === 0 ||
      (at >= Math.min(...times) - aroundMs && at <= Math.max(...times) + aroundMs),
  )
  const section = (title: string, lines: string[]) => [
    `  ${title}`,
    ...lines.slice(0, linesMax).map((line) => `    ${line}`),
    ...(lines.length > linesMax ? [`    and ${lines.length - linesMax} more`] : []),
  ]
  const rows = Object.entries(evidence.books).flatMap(([table, all]) =>
    all.filter(isAbout).map((row) => `${table} ${JSON.stringify(row)}`),
  )
  return [
    `${violation.check}: ${violation.text}`,
    ...section('journal', entries.map(tellAttempt)),
    ...section(
      'faults',
      around.map((one) => `${time(one.at)} ${describeFault(one.fault)}`),
    ),
    ...section('Postgres', rows),
    ...section('Redis', await readRedis(evidence.stage, own[0], violation)),
  ].join('\n')
}

function tellAttempt({ intent, api, sentAt, outcome, ...answer }: Attempt): string {
  const { status, code, replayed, error, body, answeredAt } = answer
  const asked = `${intent.method} ${intent.path} ${intent.key ?? ''} ${JSON.stringify(intent.body ?? {})}`
  const took = answeredAt === undefined ? 'never' : `${answeredAt - sentAt} ms`
  const told = [status, code, replayed ? 'replayed' : '', error].filter(Boolean).join(' ')
  const facts = outcome === 'ok' ? JSON.stringify(body).slice(0, 300) : ''
  return `${time(sentAt)} ${api} ${intent.userId} ${asked} -> ${outcome} ${told} (${took}) ${facts}`
}

async function readRedis(
  stage: Stage,
  attempt: Attempt | undefined,
  { userId, ids = [] }: Violation,
): Promise<string[]> {
  try {
    return await withRedis(stage.redis.url(), async (redis) => {
      const fields = [
        ...(attempt?.intent.key ? [keyedId(attempt.intent)] : []),
        ...ids.flatMap((id) => [id, id.slice(11), `${id}:free`, `${id}:held`, `${id}:sold`]),
        ...(userId ? [userId] : []),
      ].filter((field) => field !== '')
      const lines: string[] = []
      for (const name of ['orders', 'operations', 'options', 'balances', 'carts'] as const) {
        for (const field of fields) {
          const value = await redis.hget(shopKey(defaultShop, name), field)
          if (value !== null) lines.push(`${name} ${field} ${value}`)
        }
      }
      if (userId && ids.length > 0) {
        const keys = [shopKey(defaultShop, 'coupons'), shopKey(defaultShop, 'claims')]
        const asked = ids.flatMap((id) => [id, userId, ''])
        const found = (await redis.readUserCoupons(keys.length, ...keys, ...asked)) as string[]
        lines.push(...found.filter((records) => records !== '').map((text) => `claims ${text}`))
      }
      return lines
    })
  } catch (error) {
    return [`not readable: ${error}`]
  }
}

function time(at: number): string {
  return new Date(at).toISOString().slice(11, 23)
}
