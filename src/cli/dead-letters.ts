import { parseArgs } from 'node:util'
import { loadConfig } from '../config.ts'
import { databaseOf } from '../db/database.ts'
import { openOrm } from '../db/orm.ts'
import {
  type DeadLetter,
  type DeadLetterStatus,
  deadLetterIdPattern,
  deadLetterStatuses,
  dropDeadLetter,
  findDeadLetters,
  listDeadLetters,
} from '../dead-letters/dead-letters.ts'
import { type Retried, retryDeadLetters, retryOldest } from '../dead-letters/retry.ts'
import { ShopClosed } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import { connectRedis } from '../redis/client.ts'
import { resolveServices } from '../services/services.ts'

const usage = `npm run dead-letters -- list [--status OPEN|STALE|DROPPED] [--limit N] [--cursor C]
npm run dead-letters -- show ID
npm run dead-letters -- retry ID ... | --all
npm run dead-letters -- drop ID ... --reason TEXT

Accepted events that Postgres refused. What to do about them: docs/OPERATIONS.md, "Dead letters".
  list     oldest first; OPEN can be retried, STALE no more: the shop was rebuilt without it
  show     one, with the event as it was decided and why it was refused
  retry    gives these their rows, or the oldest ${limits.drainEventsMax} open ones, each once; the rest stays
  drop     declares that these will never have rows; they stay on record with the reason
  --shop NAME   which shop (default main)
  --json        one JSON object on standard output, for a machine
It exits with 0 if all was done that was asked for, else with 1.`

const options = {
  shop: { type: 'string', default: 'main' },
  status: { type: 'string' },
  limit: { type: 'string', default: String(limits.pageItemsDefault) },
  cursor: { type: 'string' },
  all: { type: 'boolean', default: false },
  reason: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof readArguments>['values']
type Stores = { orm: ReturnType<typeof openOrm>; redis: ReturnType<typeof connectRedis> }
type Answer = { text: string; json: unknown; isDone?: boolean }

try {
  const { values: flags, positionals } = readArguments()
  if (flags.help) {
    process.stdout.write(`${usage}\n`)
  } else {
    const { text, json, isDone = true } = await withStores(readTask(positionals, flags))
    process.stdout.write(`${flags.json ? JSON.stringify(json) : text}\n`)
    process.exitCode = isDone ? 0 : 1
  }
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error)
  const advice = error instanceof ShopClosed ? '. Retry when the shop is open.' : ''
  process.stderr.write(`${reason}${advice}\n`)
  process.exitCode = 1
}

function readArguments() {
  return parseArgs({ allowPositionals: true, options })
}

/** @throws Error where the arguments name no task. */
function readTask(
  [verb, ...ids]: string[],
  { shop, status, limit, cursor, all, reason }: Flags,
): (stores: Stores) => Promise<Answer> {
  const strange = ids.find((id) => !deadLetterIdPattern.test(id))
  if (strange !== undefined)
    throw new Error(`${strange} is not the id of an event, such as 1790000000000-0`)
  if (verb === 'list' && ids.length === 0) {
    const page = { limit: readLimit(limit), cursor, status: readStatus(status) }
    return (stores) => list(stores, shop, page)
  }
  if (verb === 'show' && ids.length === 1) return (stores) => show(stores, shop, ids[0] as string)
  if (verb === 'retry' && (ids.length === 0) === all) {
    return all ? (stores) => retryAll(stores, shop) : (stores) => retry(stores, shop, ids)
  }
  if (verb === 'drop' && ids.length > 0 && reason?.trim()) {
    if (reason.length > limits.reasonLengthMax) {
      throw new Error(`A reason has ${limits.reasonLengthMax} characters at most`)
    }
    return (stores) => drop(stores, shop, ids, reason)
  }
  throw new Error(usage)
}

function readStatus(status: string | undefined): DeadLetterStatus | undefined {
  const known = deadLetterStatuses.find((one) => one === status)
  if (status !== undefined && !known)
    throw new Error(`A status is one of ${deadLetterStatuses.join(', ')}`)
  return known
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= limits.drainEventsMax) return limit
  throw new Error(`A limit is a whole number from 1 to ${limits.drainEventsMax}`)
}

async function list(
  { orm }: Stores,
  shop: string,
  page: Parameters<typeof listDeadLetters>[2],
): Promise<Answer> {
  const found = await listDeadLetters(databaseOf(orm), shop, page)
  if (found === 'bad_cursor') throw new Error('That is not a cursor of this list')
  const lines = found.items.map(lineOf)
  if (lines.length === 0) lines.push(`The shop ${shop} has no such dead letter.`)
  if (found.nextCursor) lines.push(`More: --cursor ${found.nextCursor}`)
  return { text: lines.join('\n'), json: found }
}

function lineOf({ id, status, type, tries, error }: DeadLetter): string {
  const [reason = ''] = error.split('\n')
  const tried = `${tries} ${tries === 1 ? 'try' : 'tries'}`
  return `${id.padEnd(17)}  ${status.padEnd(7)}  ${type.padEnd(15)}  ${tried.padEnd(8)}  ${reason}`
}

async function show({ orm }: Stores, shop: string, id: string): Promise<Answer> {
  const [letter] = await findDeadLetters(databaseOf(orm), shop, [id])
  if (!letter) throw new Error(`The shop ${shop} has no dead letter ${id}.`)
  const { status, type, version, data, error, at, tries, triedAt, droppedAt, dropReason } = letter
  const time = (ms: number) => new Date(ms).toISOString()
  const lines = [
    `event    ${id}, ${type}, version ${version ?? 'unknown'}`,
    `status   ${status}`,
    `refused  ${time(at)}: ${error}`,
    `tries    ${tries}${triedAt === null ? '' : `, the last at ${time(triedAt)}`}`,
    ...(droppedAt === null ? [] : [`dropped  ${time(droppedAt)}: ${dropReason}`]),
    `data     ${data}`,
  ]
  return { text: lines.join('\n'), json: letter }
}

async function retry(stores: Stores, shop: string, ids: readonly string[]): Promise<Answer> {
  return describe(shop, await retryDeadLetters({ ...stores, shop }, [...new Set(ids)]), false)
}

async function retryAll(stores: Stores, shop: string): Promise<Answer> {
  const { results, more } = await retryOldest({ ...stores, shop })
  return describe(shop, results, more)
}

function describe(shop: string, results: readonly Retried[], more: boolean): Answer {
  const lines = results.map((one) => {
    return `${one.id.padEnd(17)}  ${one.result}${one.result === 'refused' ? `: ${one.error}` : ''}`
  })
  if (results.length === 0) lines.push(`The shop ${shop} has no open dead letter.`)
  if (more) lines.push('There are more.')
  const isDone = !more && results.every(({ result }) => result === 'applied')
  return { text: lines.join('\n'), json: { results, more }, isDone }
}

async function drop(
  { orm }: Stores,
  shop: string,
  ids: readonly string[],
  reason: string,
): Promise<Answer> {
  const dropped: DeadLetter[] = []
  const missing: string[] = []
  for (const id of ids) {
    const letter = await dropDeadLetter(databaseOf(orm), shop, { id, reason })
    if (letter) dropped.push(letter)
    else missing.push(id)
  }
  const lines = [
    ...dropped.map(({ id, dropReason }) => `${id.padEnd(17)}  dropped: ${dropReason}`),
    ...missing.map((id) => `${id.padEnd(17)}  not found`),
  ]
  return { text: lines.join('\n'), json: { dropped, missing }, isDone: missing.length === 0 }
}

async function withStores<Result>(task: (stores: Stores) => Promise<Result>): Promise<Result> {
  const services = await resolveServices(loadConfig())
  const redis = connectRedis(services.redisUrl, { name: 'dead-letters' })
  redis.on('error', () => {}) // The command that needed it fails.
  const orm = openOrm(services.databaseUrl, { poolMax: 1 })
  try {
    await redis.connect()
    return await task({ orm, redis })
  } finally {
    redis.disconnect()
    await orm.close()
    await services.release()
  }
}
