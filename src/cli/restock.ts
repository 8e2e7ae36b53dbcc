import { randomUUID } from 'node:crypto'
import { outcomeOf } from '../client/client.ts'
import { reasonOf } from '../services/reason.ts'
import { showOutcome } from './answer.ts'
import { id, integer } from './command.ts'
import { engineCommand, openEngine } from './engine.ts'
import { formatFields } from './table.ts'

export function restockCommand() {
  return engineCommand('restock', {
    summary: 'Add units to an option, or take free ones out',
    details:
      'With the key of an earlier one it does nothing twice: it tells again what that one did, for at least 24 hours.',
    examples: [
      'product restock ab12cd34ef56 50 --reason "a delivery"',
      'product restock ab12cd34ef56 -3 --reason broken --key delivery-17',
    ],
  })
    .argument('<option>', 'the id of the option', id)
    .argument('<units>', 'how many; less than 0 takes them out', integer)
    .requiredOption('--reason <text>', 'why, for the history of the stock')
    .option('--key <key>', 'an idempotency key of your own')
    .action(async (optionId, change, options) => {
      const { reason, key = randomUUID() } = options
      const { v1 } = await openEngine(options)
      const adjustments = v1.options[':id']['stock-adjustments']
      const request = { param: { id: optionId }, json: { change, reason } }
      const again = `The same with --key ${key} tells, and does nothing twice.`
      try {
        const headers = { 'idempotency-key': key }
        const outcome = await outcomeOf(adjustments.$post(request, { headers }))
        showOutcome(outcome, options, formatFields)
        if (!outcome.ok && outcome.status >= 500) process.stderr.write(`${again}\n`)
      } catch (error) {
        const because = `Whether it took effect is not known: ${reasonOf(error)}.`
        throw new Error(`${because} ${again}`, { cause: error })
      }
    })
}
