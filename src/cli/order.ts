import { outcomeOf } from '../client/client.ts'
import { showOutcome } from './answer.ts'
import { group, id } from './command.ts'
import { engineCommand, openEngine } from './engine.ts'
import { formatFields, formatTable } from './table.ts'

export function orderCommand() {
  return group('order', 'Orders of a shop').addCommand(showCommand())
}

function showCommand() {
  return engineCommand('show', {
    summary: 'Show an order with its lines and its payment, whoever placed it',
    examples: ['order show 19b5a0c3d2eQ7xk2mPq9Rs4Tv8Wy1Za6b'],
  })
    .argument('<id>', 'the id of the order', id)
    .action(async (orderId, options) => {
      const { v1 } = await openEngine(options)
      const call = v1.orders[':id'].$get({ param: { id: orderId } })
      showOutcome(await outcomeOf(call), options, (order) => {
        const parts = [formatFields(order), formatTable(order.items)]
        if (order.payment) parts.push(`Payment\n${formatFields(order.payment)}`)
        return parts.join('\n\n')
      })
    })
}
