import { Option } from '@commander-js/extra-typings'
import type { InferResponseType } from 'hono/client'
import { outcomeOf } from '../client/client.ts'
import { showOutcome } from './answer.ts'
import { group, id, integer, wholeNumber, wrongUsage } from './command.ts'
import { codesCommand } from './coupon-codes.ts'
import { type Api, engineCommand, openEngine } from './engine.ts'
import { describePage, formatFields } from './table.ts'

type Coupon = InferResponseType<Api['v1']['coupons']['$post'], 201>

export function couponCommand() {
  return group('coupon', 'Coupons of a shop and their codes')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(codesCommand())
    .addCommand(statusCommand('pause', 'PAUSED', 'Let nobody claim a coupon for now'))
    .addCommand(statusCommand('resume', 'ACTIVE', 'Let users claim a coupon again'))
    .addCommand(statusCommand('end', 'ENDED', 'Let nobody claim a coupon any more'))
    .addCommand(setQuantityCommand())
}

function createCommand() {
  return engineCommand('create', {
    summary: 'Put a coupon up for claims',
    examples: [
      'coupon create "A tenth off" --percentage 1000 --max-discount 2000 --quantity 500',
      'coupon create "Five off" --fixed 500 --quantity 100000 --code-required --json',
      'coupon create Spring --fixed 500 --quantity 9 --code SPRING --valid-until 2027-06-01T00:00:00Z',
    ],
  })
    .argument('<name>', 'its name')
    .requiredOption('--quantity <count>', 'how many users can claim it', integer)
    .option('--fixed <amount>', 'takes so much off an order, in minor units', integer)
    .addOption(
      new Option('--percentage <basis-points>', 'takes so much off: 1000 is a tenth')
        .argParser(integer)
        .conflicts('fixed'),
    )
    .option('--max-discount <amount>', 'takes no more off than this', integer)
    .option('--min-order <amount>', 'for orders of this amount or more', integer)
    .option('--per-user <count>', 'so many for one user (default: 1)', integer)
    .option('--code <code>', 'a code that everybody who knows it can claim it by')
    .option('--code-required', 'can be claimed by a code only: the shared one or a single-use one')
    .option('--valid-from <time>', 'from when it can be claimed, e.g. 2027-06-01T09:00:00Z')
    .option('--valid-until <time>', 'until when')
    .option('--ttl-seconds <count>', 'how long a user can use it after the claim', integer)
    .option('--no-restore', 'does not come back when its order is cancelled')
    .option('--paused', 'nobody sees or claims it until it is resumed')
    .action(async (name, options, self) => {
      const { fixed, percentage, code } = options
      const discountValue = fixed ?? percentage
      if (discountValue === undefined) throw wrongUsage(self, 'give --fixed or --percentage')
      const discountType = fixed === undefined ? ('PERCENTAGE' as const) : ('FIXED' as const)
      const json = {
        ...{ name, code, discountType, discountValue },
        maxDiscountAmount: options.maxDiscount,
        minOrderAmount: options.minOrder,
        totalQuantity: options.quantity,
        perUserLimit: options.perUser,
        codeRequired: options.codeRequired,
        validFrom: options.validFrom,
        validUntil: options.validUntil,
        userCouponTtlSeconds: options.ttlSeconds,
        restoreOnCancel: options.restore,
        status: options.paused && ('PAUSED' as const),
      }
      const { v1 } = await openEngine(options)
      showOutcome(await outcomeOf(v1.coupons.$post({ json })), options, formatFields)
    })
}

function listCommand() {
  return engineCommand('list', {
    summary: 'List coupons, newest first',
    examples: ['coupon list', 'coupon list --status PAUSED --limit 100 --json'],
  })
    .option('--status <status>', 'only ACTIVE, PAUSED or ENDED')
    .option('--limit <count>', 'so many, at most 100 (default: 20)', wholeNumber)
    .option('--cursor <cursor>', 'the ones that follow, as the list before says')
    .action(async (options) => {
      const { status, limit, cursor } = options
      const { v1 } = await openEngine(options)
      const query = { status: status as Coupon['status'], limit, cursor }
      showOutcome(await outcomeOf(v1.coupons.$get({ query })), options, (page) =>
        describePage(page, (coupon) => [
          {
            coupon: coupon.id,
            name: coupon.name,
            status: coupon.status,
            type: coupon.discountType,
            value: coupon.discountValue,
            issued: coupon.issuedQuantity,
            used: coupon.usedQuantity,
            left: coupon.remainingQuantity,
          },
        ]),
      )
    })
}

function showCommand() {
  return engineCommand('show', {
    summary: 'Show a coupon with what is issued, used and left',
    examples: ['coupon show ab12cd34ef56'],
  })
    .argument('<id>', 'its id', id)
    .action(async (couponId, options) => {
      const { v1 } = await openEngine(options)
      const call = v1.coupons[':id'].$get({ param: { id: couponId } })
      showOutcome(await outcomeOf(call), options, formatFields)
    })
}

function statusCommand(verb: string, status: Coupon['status'], summary: string) {
  return engineCommand(verb, { summary, examples: [`coupon ${verb} ab12cd34ef56`] })
    .argument('<id>', 'its id', id)
    .action(async (couponId, options) => {
      const { v1 } = await openEngine(options)
      const call = v1.coupons[':id'].$patch({ param: { id: couponId }, json: { status } })
      showOutcome(await outcomeOf(call), options, formatFields)
    })
}

function setQuantityCommand() {
  return engineCommand('set-quantity', {
    summary: 'Raise or lower how many users can claim a coupon',
    examples: ['coupon set-quantity ab12cd34ef56 1000'],
  })
    .argument('<id>', 'its id', id)
    .argument('<quantity>', 'how many in all, those who have claimed it included', integer)
    .action(async (couponId, totalQuantity, options) => {
      const { v1 } = await openEngine(options)
      const call = v1.coupons[':id'].$patch({ param: { id: couponId }, json: { totalQuantity } })
      showOutcome(await outcomeOf(call), options, formatFields)
    })
}
