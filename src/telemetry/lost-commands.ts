import type { Logger } from 'pino'
import type { Lost } from '../engine/accepted.ts'
import { type CommandName, commands } from '../engine/commands.ts'

/**
 * Names, one line each, what this process had accepted and a loss of the hot state took away. An order, a charge, an
 * adjustment or a refund is named by the id of its operation, which its own id ends with.
 */
export function logLost(log: Logger): (shop: string, epoch: number, lost: Lost) => void {
  return (shop, epoch, lost) => {
    const { commands: named, forgotten } = lost
    log.error(
      { shop, epoch, named: named.length, forgotten },
      'Accepted commands were lost with the hot state of the shop, and are named next',
    )
    for (const command of named) log.error({ shop, ...idsOf(command) }, 'lost')
  }
}

/**
 * Names, where a process stops, what it accepted while the hot state is lost or out of reach: nobody else can say
 * later whether that was persisted.
 */
export function logUncertain(log: Logger, uncertain: (Lost & { shop: string })[]): void {
  for (const { shop, commands: named, forgotten } of uncertain) {
    if (named.length + forgotten === 0) continue
    log.warn(
      { shop, named: named.length, forgotten },
      'Accepted commands were not seen to reach Postgres before the stop, and are named next',
    )
    for (const command of named) log.warn({ shop, ...idsOf(command) }, 'uncertain')
  }
}

/** The arguments that say what a command is about. */
function idsOf([name, , ...values]: string[]): Record<string, string> {
  const ids: Record<string, string> = { command: name ?? '' }
  for (const [index, argument] of commands[name as CommandName].entries()) {
    const value = values[index] ?? ''
    if (argument === 'product' || argument === 'coupon') ids.id = JSON.parse(value).id
    else if (/Id$|^amount$|^change$|^quantity$/.test(argument)) ids[argument] = value
  }
  return ids
}
