import { InvalidArgumentError } from '@commander-js/extra-typings'
import type { InferRequestType, InferResponseType } from 'hono/client'
import { outcomeOf } from '../client/client.ts'
import { showOutcome } from './answer.ts'
import { group, id, integer, wholeNumber, wrongUsage } from './command.ts'
import { type Api, engineCommand, openEngine } from './engine.ts'
import { readJson } from './read-json.ts'
import { restockCommand } from './restock.ts'
import { setTermsCommand } from './set-terms.ts'
import { describePage, formatFields, formatTable } from './table.ts'

type Products = Api['v1']['products']
type NewProduct = InferRequestType<Products['$post']>['json']
type Product = InferResponseType<Products['$post'], 201>

export function productCommand() {
  return group('product', 'Products of a shop, their prices and their stock')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(setPriceCommand())
    .addCommand(setTermsCommand())
    .addCommand(restockCommand())
    .addCommand(statusCommand('pause', 'INACTIVE', 'Take a product off sale'))
    .addCommand(statusCommand('resume', 'ACTIVE', 'Put a product on sale again'))
}

function createCommand() {
  return engineCommand('create', {
    summary: 'Put a product with its options on sale',
    details:
      'Limits, sale windows and holds of options are given in a file, the body of POST /v1/products as /docs has it, ' +
      'or afterwards by product set-terms.',
    examples: [
      'product create Trainers --option "EU 42:9900:100" --option "EU 43:9900:50"',
      'product create "Gift card" --option :5000:1000 --brand Stampede',
      'product create --file product.json --json',
    ],
  })
    .argument('[name]', 'its name')
    .option(
      '--option <value:price:stock>',
      'an option, its price in minor units and its units; may be repeated',
      (text: string, before: NewOption[] = []) => [...before, option(text)],
    )
    .option('--brand <brand>', 'its brand')
    .option('--description <text>', 'what it is')
    .option('--file <file>', 'a JSON file with all of it instead; - is standard input')
    .action(async (name, options, self) => {
      const { option: sizes, brand, description, file } = options
      const isGiven = [name, sizes, brand, description].some((one) => one !== undefined)
      if (file === undefined ? name === undefined || !sizes : isGiven) {
        throw wrongUsage(self, 'a product needs a name and an option, or a file instead')
      }
      const given = { name, brand, description, options: sizes }
      const json = (file === undefined ? given : readJson(file)) as NewProduct
      const { v1 } = await openEngine(options)
      showOutcome(await outcomeOf(v1.products.$post({ json })), options, describeProduct)
    })
}

type NewOption = { optionValue?: string; price: number; stock: number }

function option(text: string): NewOption {
  const [, optionValue, price, stock] = /^(.*):(\d+):(\d+)$/.exec(text) ?? []
  if (!price || !stock) {
    throw new InvalidArgumentError('It must be like "EU 42:9900:100" or :9900:100')
  }
  return { ...(optionValue && { optionValue }), price: integer(price), stock: integer(stock) }
}

function listCommand() {
  return engineCommand('list', {
    summary: 'List products with their options, newest first',
    examples: ['product list', 'product list --brand Stampede --limit 100 --json'],
  })
    .option('--status <status>', 'only ACTIVE, INACTIVE or OUT_OF_STOCK')
    .option('--brand <brand>', 'only those of this brand')
    .option('--limit <count>', 'so many, at most 100 (default: 20)', wholeNumber)
    .option('--cursor <cursor>', 'the ones that follow, as the list before says')
    .action(async (options) => {
      const { status, brand, limit, cursor } = options
      const { v1 } = await openEngine(options)
      const query = { status: status as Product['status'], brand, limit, cursor }
      showOutcome(await outcomeOf(v1.products.$get({ query })), options, (page) =>
        describePage(page, ({ options: sizes, ...product }) =>
          sizes.map((size) => ({
            product: product.id,
            name: product.name,
            status: product.status,
            option: size.id,
            value: size.optionValue,
            price: size.price,
            stock: size.stock,
          })),
        ),
      )
    })
}

function showCommand() {
  return engineCommand('show', {
    summary: 'Show a product with its options',
    examples: ['product show ab12cd34ef56'],
  })
    .argument('<id>', 'its id', id)
    .action(async (productId, options) => {
      const { v1 } = await openEngine(options)
      const call = v1.products[':id'].$get({ param: { id: productId } })
      showOutcome(await outcomeOf(call), options, describeProduct)
    })
}

function setPriceCommand() {
  return engineCommand('set-price', {
    summary: 'Change the price of an option',
    details: 'Orders that are placed keep theirs.',
    examples: ['product set-price ab12cd34ef56 8900 --reason "end of season"'],
  })
    .argument('<option>', 'the id of the option', id)
    .argument('<price>', 'in minor units', integer)
    .option('--reason <text>', 'why, for the history of the price')
    .action(async (optionId, price, options) => {
      const { v1 } = await openEngine(options)
      const json = { price, reason: options.reason }
      const call = v1.options[':id'].$patch({ param: { id: optionId }, json })
      showOutcome(await outcomeOf(call), options, formatFields)
    })
}

function statusCommand(verb: string, status: Product['status'], summary: string) {
  return engineCommand(verb, { summary, examples: [`product ${verb} ab12cd34ef56`] })
    .argument('<id>', 'its id', id)
    .action(async (productId, options) => {
      const { v1 } = await openEngine(options)
      const call = v1.products[':id'].$patch({ param: { id: productId }, json: { status } })
      showOutcome(await outcomeOf(call), options, describeProduct)
    })
}

function describeProduct(product: Product): string {
  return `${formatFields(product)}\n\n${formatTable(product.options)}`
}
