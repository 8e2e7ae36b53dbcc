import { outcomeOf } from '../client/client.ts'
import { showOutcome } from './answer.ts'
import { id, integer, wrongUsage } from './command.ts'
import { engineCommand, openEngine } from './engine.ts'
import { formatFields } from './table.ts'

export function setTermsCommand() {
  return engineCommand('set-terms', {
    summary: 'Change the limit per user, the sale window or the hold of an option',
    details: 'The word none takes one of them away. Orders that are placed keep their deadline.',
    examples: [
      'product set-terms ab12cd34ef56 --per-user 2 --sale-starts 2027-06-01T09:00:00Z',
      'product set-terms ab12cd34ef56 --sale-ends none --hold-ms 120000',
    ],
  })
    .argument('<option>', 'the id of the option', id)
    .option('--per-user <units>', 'so many for one user', orNone(integer))
    .option(
      '--sale-starts <time>',
      'from when it is sold, e.g. 2027-06-01T09:00:00Z',
      orNone(String),
    )
    .option('--sale-ends <time>', 'until when', orNone(String))
    .option('--hold-ms <ms>', 'how long an order waits for its payment', orNone(integer))
    .action(async (optionId, options, self) => {
      const json = {
        perUserLimit: withoutNone(options.perUser),
        saleStartsAt: withoutNone(options.saleStarts),
        saleEndsAt: withoutNone(options.saleEnds),
        holdMs: withoutNone(options.holdMs),
      }
      if (Object.values(json).every((value) => value === undefined)) {
        throw wrongUsage(self, 'give --per-user, --sale-starts, --sale-ends or --hold-ms')
      }
      const { v1 } = await openEngine(options)
      const call = v1.options[':id'].$patch({ param: { id: optionId }, json })
      showOutcome(await outcomeOf(call), options, formatFields)
    })
}

const none = 'none'

/** Reads a value, or the word that takes away the one that there is. */
function orNone<Value>(read: (text: string) => Value): (text: string) => Value | typeof none {
  return (text) => (text === none ? none : read(text))
}

function withoutNone<Value>(given: Value | typeof none): Value | null {
  return given === none ? null : given
}
