import { outcomeOf } from '../client/client.ts'
import { id, integer } from './command.ts'
import { engineCommand, openEngine } from './engine.ts'
import { showOnce } from './once.ts'

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
      const { v1 } = await openEngine(options)
      const adjustments = v1.options[':id']['stock-adjustments']
      const request = { param: { id: optionId }, json: { change, reason: options.reason } }
      await showOnce(options, (init) => outcomeOf(adjustments.$post(request, init)))
    })
}
