import { Argument, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import {
  type DeadLetter,
  deadLetterIdPattern,
  deadLetterStatuses,
} from '../dead-letters/dead-letters.ts'
import type { Retried } from '../dead-letters/retry.ts'
import { limits } from '../limits.ts'
import { openStatusLine } from '../telemetry/status-line.ts'
import { exitCodes, type ForWhom, show } from './answer.ts'
import { group, integer, storesCommand, wrongUsage } from './command.ts'
import type { OpenStores } from './stores.ts'

const where = 'What to do about them is told in docs/OPERATIONS.md, "Dead letters".'
const anExample = '1790000000000-0'

export function deadLettersCommand() {
  return group('dead-letters', 'Accepted events that Postgres refused')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(retryCommand())
    .addCommand(dropCommand())
}

function listCommand() {
  return storesCommand('list', {
    summary: 'Name them, oldest first',
    details: `OPEN ones can be retried, STALE ones no more: the shop was rebuilt without them. ${where}`,
    examples: ['dead-letters list', 'dead-letters list --status OPEN --limit 100 --json'],
  })
    .addOption(new Option('--status <status>', 'only these').choices(deadLetterStatuses))
    .option('--limit <number>', `at most so many (default: ${limits.pageItemsDefault})`, integer)
    .option('--cursor <text>', 'go on after the last ones')
    .action(async ({ shop = 'main', status, limit, cursor, ...options }, self) => {
      const page = { limit: limit ?? limits.pageItemsDefault, cursor, status }
      if (page.limit < 1 || page.limit > limits.drainEventsMax) {
        throw wrongUsage(self, `--limit takes 1 to ${limits.drainEventsMax}`)
      }
      const { listDeadLetters } = await import('../dead-letters/dead-letters.ts')
      const found = await inPostgres((db) => listDeadLetters(db, shop, page))
      if (found === 'bad_cursor') throw wrongUsage(self, 'that is not a cursor of this list')
      show(found, options, ({ items, nextCursor }) =>
        [
          ...items.map(lineOf),
          ...(items.length === 0 ? [`The shop ${shop} has no such dead letter.`] : []),
          ...(nextCursor ? [`More: --cursor ${nextCursor}`] : []),
        ].join('\n'),
      )
    })
}

function lineOf({ id, status, type, tries, error }: DeadLetter): string {
  const [reason = ''] = error.split('\n')
  const tried = `${tries} ${tries === 1 ? 'try' : 'tries'}`
  return `${id.padEnd(17)}  ${status.padEnd(7)}  ${type.padEnd(15)}  ${tried.padEnd(8)}  ${reason}`
}

function showCommand() {
  return storesCommand('show', {
    summary: 'Show one, with the event as it was decided and why it was refused',
    examples: [`dead-letters show ${anExample}`],
  })
    .addArgument(new Argument('<event>', 'its id').argParser(eventId))
    .action(async (event, { shop = 'main', ...options }) => {
      const { findDeadLetters } = await import('../dead-letters/dead-letters.ts')
      const [letter] = await inPostgres((db) => findDeadLetters(db, shop, [event]))
      if (!letter) throw new Error(`The shop ${shop} has no dead letter ${event}.`)
      show(letter, options, describe)
    })
}

function describe(letter: DeadLetter): string {
  const { id, type, version, status, error, at, tries, triedAt, droppedAt, dropReason } = letter
  const time = (ms: number) => new Date(ms).toISOString()
  return [
    `event    ${id}, ${type}, version ${version ?? 'unknown'}`,
    `status   ${status}`,
    `refused  ${time(at)}: ${error}`,
    `tries    ${tries}${triedAt === null ? '' : `, the last at ${time(triedAt)}`}`,
    ...(droppedAt === null ? [] : [`dropped  ${time(droppedAt)}: ${dropReason}`]),
    `data     ${letter.data}`,
  ].join('\n')
}

function retryCommand() {
  return storesCommand('retry', {
    summary: 'Give them their rows, each once; the rest stays',
    details: `Where their cause is gone. ${where}`,
    examples: [`dead-letters retry ${anExample}`, 'dead-letters retry --all'],
  })
    .argument('[events...]', 'their ids', eventIds)
    .option('--all', 'all open ones, oldest first, for as long as some of them can be applied')
    .action(async (events = [], { shop = 'main', all = false, ...options }, self) => {
      if (all === events.length > 0) throw wrongUsage(self, 'name events, or --all')
      const { retryDeadLetters } = await import('../dead-letters/retry.ts')
      const { results, more } = await inStores(async (stores) =>
        all
          ? retryAll({ ...stores, shop })
          : {
              results: await retryDeadLetters({ ...stores, shop }, [...new Set(events)]),
              more: false,
            },
      )
      const isDone = !more && results.every(({ result }) => result === 'applied')
      end(isDone, { results, more }, options, () =>
        [
          ...results.map(outcomeOf),
          ...(results.length === 0 ? [`The shop ${shop} has no open dead letter.`] : []),
          ...(more ? ['There are more.'] : []),
        ].join('\n'),
      )
    })
}

/** Retries batch after batch. What is refused comes again behind the others, where something else was applied. */
async function retryAll(place: OpenStores & { shop: string }) {
  const { retryOldest } = await import('../dead-letters/retry.ts')
  const results = new Map<string, Retried>()
  const line = openStatusLine({ isTerminalOnly: true })
  let applied = 0
  line.set(() => `${place.shop}: ${applied} applied, ${results.size - applied} refused`)
  try {
    for (;;) {
      const before = applied
      const { results: batch, more } = await retryOldest(place)
      for (const one of batch) {
        results.set(one.id, one)
        if (one.result === 'applied') applied += 1
      }
      const isOver = !more && batch.every(({ result }) => result === 'applied')
      if (isOver || applied === before) return { results: [...results.values()], more }
    }
  } finally {
    line.end()
  }
}

function outcomeOf(one: Retried): string {
  return `${one.id.padEnd(17)}  ${one.result}${one.result === 'refused' ? `: ${one.error}` : ''}`
}

function dropCommand() {
  return storesCommand('drop', {
    summary: 'Declare that they will never have rows',
    details: `They stay on record with the reason. ${where}`,
    examples: [`dead-letters drop ${anExample} --reason "paid back by hand"`],
  })
    .argument('<events...>', 'their ids', eventIds)
    .requiredOption('--reason <text>', 'why')
    .action(async (events, { shop = 'main', reason, ...options }, self) => {
      if (!reason.trim() || reason.length > limits.reasonLengthMax) {
        throw wrongUsage(self, `a reason has 1 to ${limits.reasonLengthMax} characters`)
      }
      const { dropDeadLetter } = await import('../dead-letters/dead-letters.ts')
      const dropped: DeadLetter[] = []
      const missing: string[] = []
      await inPostgres(async (db) => {
        for (const event of events) {
          const letter = await dropDeadLetter(db, shop, { id: event, reason })
          if (letter) dropped.push(letter)
          else missing.push(event)
        }
      })
      end(missing.length === 0, { dropped, missing }, options, () =>
        [
          ...dropped.map(({ id, dropReason }) => `${id.padEnd(17)}  dropped: ${dropReason}`),
          ...missing.map((id) => `${id.padEnd(17)}  not found`),
        ].join('\n'),
      )
    })
}

/** Shows what was done. It is a failure where not all of it was. */
function end<Body>(
  isDone: boolean,
  body: Body,
  forWhom: ForWhom,
  describe: (body: Body) => string,
): void {
  process.exitCode = isDone ? exitCodes.done : exitCodes.failed
  show(body, forWhom, describe)
}

function eventId(text: string): string {
  if (deadLetterIdPattern.test(text)) return text
  throw new InvalidArgumentError(`It must be the id of an event, such as ${anExample}`)
}

function eventIds(text: string, before: string[] = []): string[] {
  return [...before, eventId(text)]
}

/** Past the engine: dead letters are looked after while it does not run, too. */
async function inStores<Result>(task: (stores: OpenStores) => Promise<Result>): Promise<Result> {
  const { withStores } = await import('./stores.ts')
  try {
    return await withStores({ name: 'dead-letters', poolMax: 1 }, task)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ShopClosed') throw error
    throw new Error(`${error.message}. Retry when the shop is open.`, { cause: error })
  }
}

type Database = ReturnType<typeof import('../db/database.ts')['databaseOf']>

async function inPostgres<Result>(task: (db: Database) => Promise<Result>): Promise<Result> {
  const { databaseOf } = await import('../db/database.ts')
  return inStores(({ orm }) => task(databaseOf(orm)))
}
