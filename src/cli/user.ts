import { outcomeOf } from '../client/client.ts'
import { showOutcome } from './answer.ts'
import { group, id } from './command.ts'
import { engineCommand, openEngine } from './engine.ts'
import { formatFields } from './table.ts'

export function userCommand() {
  return group('user', 'Users of a shop').addCommand(showCommand())
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
