import { expect, it } from 'vitest'
import { value } from '../support/sale.ts'
import { openBooks } from './books.ts'

const books = await openBooks()

it('brings every text to Postgres as it is, in the rows that it appends and in those that it changes', async () => {
  const texts = [
    'back\\slash \\N \\. \\t',
    'tab\t, line\nfeed, carriage\rreturn',
    '"quoted", {braced}, \'single\'',
    'NULL',
    '\\.',
    '',
    ' 눈사람 ☃ 𝄞 ',
  ]
  const shop = await books.openShop()
  for (const [index, text] of texts.entries()) {
    const user = `user-${index}`
    const { id, options } = await shop.product([{ optionValue: text, price: 1 }], { name: text })
    value(await shop.charge(user, 10))
    value(await shop.order(user, { [options[0]?.id as string]: 1 }, { pay: true }))
    await shop.drain()
    value(await shop.updateProduct(id, { name: 'Boots', description: text }))
    value(await shop.charge(user, 10))
  }
  expect(await shop.drain()).toMatchObject({ deadLetters: 0, more: false })

  const valuesOf = async (table: string, column: string) =>
    (await shop.rows(table, `${column} as text`)).map(({ text }) => text)
  const expected = texts.toSorted()
  expect((await valuesOf('order_items', 'product_name')).toSorted()).toEqual(expected)
  expect((await valuesOf('order_items', 'option_value')).toSorted()).toEqual(expected)
  expect((await valuesOf('products', 'description')).toSorted()).toEqual(expected)
  const users = texts.map((_, index) => `user-${index}`)
  expect((await valuesOf('orders', 'user_id')).toSorted()).toEqual(users)
  expect((await valuesOf('users', 'id')).toSorted()).toEqual(users)
  expect(await shop.rows('balances', 'user_id, amount')).toEqual(
    users.map((user_id) => ({ user_id, amount: '19' })),
  )
})
