import { Argument } from '@commander-js/extra-typings'
import { outcomeOf } from '../client/client.ts'
import { showOutcome } from './answer.ts'
import { group, id, integer } from './command.ts'
import { engineCommand, openEngine } from './engine.ts'
import { formatFields } from './table.ts'

const kinds = ['coupon', 'option'] as const

export function waitingRoomCommand() {
  return group('waiting-room', 'Waiting rooms before coupons and options')
    .addCommand(openCommand())
    .addCommand(showCommand())
    .addCommand(closeCommand())
}

/** A command about the room before one thing. */
function roomCommand(name: string, about: Parameters<typeof engineCommand>[1]) {
  return engineCommand(name, about)
    .addArgument(new Argument('<kind>', 'before what').choices(kinds))
    .argument('<id>', 'its id', id)
}

/** The routes of the room before a thing of this kind. */
async function routesOf(kind: (typeof kinds)[number], options: Parameters<typeof openEngine>[0]) {
  const { v1 } = await openEngine(options)
  return (kind === 'coupon' ? v1.coupons : v1.options)[':id']['waiting-room']
}

function openCommand() {
  return roomCommand('open', {
    summary: 'Let users in one after the other, or change the rate of a room that is open',
    details:
      'From then on a claim, a line of a cart or an order of it needs a pass, which users get in the order in which ' +
      'they enter. A claim by a code needs none.',
    examples: [
      'waiting-room open coupon ab12cd34ef56 --admit-per-second 50',
      'waiting-room open option ab12cd34ef56 --admit-per-second 20 --pass-ms 120000 --json',
    ],
  })
    .requiredOption(
      '--admit-per-second <count>',
      'so many, while there are units for them',
      integer,
    )
    .option('--pass-ms <ms>', 'how long a pass is valid (default: that of the engine)', integer)
    .action(async (kind, thing, options) => {
      const { admitPerSecond, passMs } = options
      const room = await routesOf(kind, options)
      const call = room.$put({ param: { id: thing }, json: { admitPerSecond, passMs } })
      showOutcome(await outcomeOf(call), options, formatFields)
    })
}

function showCommand() {
  return roomCommand('show', {
    summary: 'Show the terms of a room',
    examples: ['waiting-room show coupon ab12cd34ef56'],
  }).action(async (kind, thing, options) => {
    const room = await routesOf(kind, options)
    showOutcome(await outcomeOf(room.$get({ param: { id: thing } })), options, formatFields)
  })
}

function closeCommand() {
  return roomCommand('close', {
    summary: 'Let everybody come; places are forgotten',
    examples: ['waiting-room close option ab12cd34ef56'],
  }).action(async (kind, thing, options) => {
    const room = await routesOf(kind, options)
    showOutcome(await outcomeOf(room.$delete({ param: { id: thing } })), options, formatFields)
  })
}
