import { outcomeOf } from '../client/client.ts'
import { showOutcome } from './answer.ts'
import { group, id, integer } from './command.ts'
import { engineCommand, openEngine } from './engine.ts'
import { showOnce } from './once.ts'
import { formatFields } from './table.ts'

export function userCommand() {
  return group('user', 'Users of a shop').addCommand(showCommand()).addCommand(chargeCommand())
}

function showCommand() {
  return engineCommand('show', {
    summary: 'Show a user with the balance of this moment',
    examples: ['user show alice'],
  })
    .argument('<id>', 'the id of the user', id)
    .action(async (userId, options) => {
      const { v1 } = await openEngine(options)
      const call = v1.users[':id'].$get({ param: { id: userId } })
      showOutcome(await outcomeOf(call), options, formatFields)
    })
}

function chargeCommand() {
  return engineCommand('charge', {
    summary: 'Add to the balance of a user, who need not be known yet',
    details:
      'With the key of an earlier one it does nothing twice: it tells again what that one did, for at least 24 hours.',
    examples: ['user charge alice 20000', 'user charge alice 20000 --key transfer-17 --json'],
  })
    .argument('<id>', 'the id of the user', id)
    .argument('<amount>', 'in minor units', integer)
    .option('--key <key>', 'an idempotency key of your own')
    .action(async (userId, amount, options) => {
      const { v1 } = await openEngine(options)
      const { charges } = v1.users[':id']
      const request = { param: { id: userId }, json: { amount } }
      await showOnce(options, (init) => outcomeOf(charges.$post(request, init)))
    })
}
