import { sql } from 'kysely'
import { expect } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { parseOrderStub } from '../../src/engine/order-stub.ts'
import { parseCart } from '../../src/engine/read-cart.ts'
import { parseUserCoupons } from '../../src/engine/user-coupons.ts'
import { salesKeys, sentinel, shopKey } from '../../src/redis/keys.ts'
import { verify } from '../../src/verify/verify.ts'
import {
  balanceOf,
  boughtBy,
  isPaid,
  issuedOf,
  type Order,
  type Shop,
  sum,
  unitsOf,
} from './model.ts'
import { paymentStatusOf } from './order-decisions.ts'
import { moveTimes, type World } from './world.ts'

type Row = Record<string, unknown>

/** What a drained shop's rows must be, table by table, as far as the model knows of them. */
function rowsOf(shop: Shop): Record<string, Row[]> {
  const { orders } = shop
  const paid = orders.filter(isPaid)
  return {
    outbox_watermarks: [{ events: shop.events }],
    dead_letters: [],
    products: [...shop.products.values()].map(({ id, name, status, revision, ...texts }) => ({
      id,
      name,
      brand: texts.brand ?? null,
      description: texts.description ?? null,
      status,
      revision,
    })),
    product_options: [...shop.options.values()].map(({ id, price, perUserLimit }) => {
      const { free, held, sold } = unitsOf(shop, id)
      return { id, price, per_user_limit: perUserLimit ?? null, stock: free, held, sold }
    }),
    product_price_history: shop.priceHistory,
    product_stock_history: shop.stockHistory.map(({ option_id, type, change, order }) => ({
      option_id,
      type,
      change,
      order_id: order?.id ?? null,
    })),
    coupons: [...shop.coupons.values()].map(({ id, status, totalQuantity }) => ({
      id,
      status,
      total_quantity: totalQuantity,
      issued_quantity: issuedOf(shop, id).length,
      used_quantity: issuedOf(shop, id).filter((one) => one.status === 'USED').length,
    })),
    coupon_codes: [...shop.codes.values()].map(({ couponId, userCoupon }) => ({
      coupon_id: couponId,
      user_coupon_id: userCoupon?.id ?? null,
    })),
    user_coupons: [...shop.userCoupons.values()].map((one) => ({
      id: one.id,
      coupon_id: one.couponId,
      user_id: one.userId,
      rank: one.rank,
      status: one.status,
      order_id: one.order?.id ?? null,
    })),
    coupon_history: shop.couponHistory.map(({ user_coupon_id, action, order }) => ({
      user_coupon_id,
      action,
      order_id: order?.id ?? null,
    })),
    cart_items: [...shop.carts].flatMap(([user_id, cart]) =>
      [...cart].map(([option_id, quantity]) => ({ user_id, option_id, quantity })),
    ),
    orders: orders.map((order) => ({
      id: order.id,
      user_id: order.userId,
      status: order.status,
      original_amount: order.originalAmount,
      discount_amount: order.discountAmount,
      final_amount: order.finalAmount,
      user_coupon_id: order.userCoupon?.id ?? null,
      paid_at_once: order.paidAtOnce,
      refunded_amount: refundedOf(order),
    })),
    order_items: orders.flatMap(({ id, items }) =>
      items.map((item, index) => ({
        id: `${id}.${index + 1}`,
        option_id: item.optionId,
        unit_price: item.unitPrice,
        quantity: item.quantity,
        discount_amount: item.discountAmount,
        refunded_quantity: item.refundedQuantity,
        restocked_quantity: item.restockedQuantity,
        refunded_amount: item.refundedAmount,
      })),
    ),
    payments: paid.map((order) => ({
      order_id: order.id,
      amount: order.finalAmount,
      discount_amount: order.discountAmount,
      status: paymentStatusOf(order),
    })),
    refunds: shop.refunds.map(({ id, order, amount, restock }) => ({
      id,
      order_id: order.id,
      amount,
      restock,
    })),
    refund_items: shop.refunds.flatMap(({ id, order, items }) =>
      items.map(({ line, quantity, amount }) => ({
        refund_id: id,
        order_item_id: `${order.id}.${line + 1}`,
        quantity,
        amount,
      })),
    ),
    balances: [...new Set(shop.balanceHistory.map(({ userId }) => userId))].map((userId) => ({
      user_id: userId,
      amount: balanceOf(shop, userId),
    })),
    balance_history: shop.balanceHistory.map((change) => ({
      user_id: change.userId,
      type: change.type,
      amount: change.amount,
      before_amount: change.beforeAmount,
      after_amount: change.afterAmount,
      order_id: change.order?.id ?? null,
    })),
  }
}

const refundedOf = ({ items }: Order) => sum(items.map((item) => item.refundedAmount))

/** Rows have no order of their own: what came before what is in their values. */
const sorted = (rows: Row[]) => rows.map((row) => JSON.stringify(row)).sort()
const sortedAll = (tables: Record<string, Row[]>) =>
  Object.fromEntries(Object.entries(tables).map(([table, rows]) => [table, sorted(rows)]))

/** What Redis must say of a drained shop. What is zero is not there. */
function hotStateOf(shop: Shop, world: World) {
  const optionIds = [...shop.options.keys()]
  const couponIds = [...shop.coupons.keys()]
  const userIds = [...new Set(shop.orders.map(({ userId }) => userId))]
  const productIds = [...shop.products.keys()]
  const pending = shop.orders.filter(({ status }) => status === 'PENDING')
  const soldOf = (productId: string) =>
    sum(
      shop.orders
        .filter(isPaid)
        .flatMap(({ items }) => items)
        .filter((item) => item.productId === productId)
        .map((item) => item.quantity - item.refundedQuantity),
    )
  const hotOrders = [...shop.records.values()].filter(
    ({ order, isForgotten }) => order && !isForgotten,
  )
  return {
    outbox: 0,
    recents: {},
    units: Object.fromEntries(optionIds.map((id) => [id, unitsOf(shop, id)])),
    issued: Object.fromEntries(
      couponIds.map((id) => {
        const issued = issuedOf(shop, id)
        return [id, { issued: issued.length, used: issued.filter(isUsed).length }]
      }),
    ),
    claims: Object.fromEntries(
      [...shop.userCoupons.values()].map(({ id, userId, status }) => [
        `${id} of ${userId}`,
        status,
      ]),
    ),
    bought: counted(
      userIds.flatMap((userId) =>
        optionIds.map((id) => [`${id}:${userId}`, boughtBy(shop, userId, id)] as const),
      ),
    ),
    balances: counted(
      [...new Set(shop.balanceHistory.map(({ userId }) => userId))].map((userId) => [
        userId,
        balanceOf(shop, userId),
      ]),
    ),
    holds: pending.map(({ id }) => id.slice(11)).sort(),
    orders: Object.fromEntries(
      hotOrders.map(({ order }) => [
        order?.id.slice(11),
        order?.status === 'PENDING' ? `${order.id} PENDING` : order?.id,
      ]),
    ),
    carts: Object.fromEntries(
      [...shop.carts]
        .filter(([, cart]) => cart.size > 0)
        .map(([userId, cart]) => [
          userId,
          [...cart].map(([optionId, quantity]) => ({ optionId, quantity })),
        ]),
    ),
    sales: counted(productIds.map((id) => [id, soldOf(id)])),
    epoch: world.epoch,
  }
}

const isUsed = ({ status }: { status: string }) => status === 'USED'
const counted = (entries: (readonly [string, number])[]) =>
  Object.fromEntries(entries.filter(([, count]) => count !== 0))

async function readHotState(shop: Shop, world: World) {
  const { redis, shop: name } = world.shop
  const read = async (key: Parameters<typeof shopKey>[1]) => {
    const { [sentinel]: _, ...fields } = await redis.hgetall(shopKey(name, key))
    return fields
  }
  const names = ['recents', 'claims', 'purchases', 'balances', 'orders', 'carts', 'meta'] as const
  const [recents, claims, purchases, balances, orders, carts, meta] = (await Promise.all(
    names.map(read),
  )) as [Fields, Fields, Fields, Fields, Fields, Fields, Fields]
  const holds = await redis.zrange(shopKey(name, 'holds'), '0', '-1')
  // The day may have turned meanwhile.
  const days = await Promise.all(
    salesKeys(name, new Date(), 2).map((key) => redis.zrange(key, '0', '-1', 'WITHSCORES')),
  )
  const sales = new Map<string, number>()
  for (const day of days) {
    for (let place = 0; place < day.length; place += 2) {
      const id = day[place] as string
      sales.set(id, (sales.get(id) ?? 0) + Number(day[place + 1]))
    }
  }
  const entriesOf = async <Value>(ids: Iterable<string>, of: (id: string) => Promise<Value>) =>
    Object.fromEntries(await Promise.all([...ids].map(async (id) => [id, await of(id)])))
  return {
    outbox: await world.shop.backlog(),
    recents,
    units: await entriesOf(shop.options.keys(), world.shop.units),
    issued: await entriesOf(shop.coupons.keys(), world.shop.issued),
    claims: Object.fromEntries(
      Object.entries(claims).flatMap(([field, text]) => {
        const [couponId] = field.split(':')
        return parseUserCoupons(text).map(({ userId, rank, status }) => [
          `${couponId}.${rank} of ${userId}`,
          status,
        ])
      }),
    ),
    bought: numbers(purchases),
    balances: numbers(balances),
    holds: holds.filter((id) => id !== sentinel).sort(),
    orders: Object.fromEntries(
      Object.entries(orders).map(([field, text]) => {
        const stub = parseOrderStub(field, text)
        if (stub) return [field, stub.orderId]
        const { id, status } = JSON.parse(text)
        return [field, `${id} ${status}`]
      }),
    ),
    carts: Object.fromEntries(
      Object.entries(carts).map(([userId, text]) => [userId, parseCart(text)]),
    ),
    sales: counted([...sales]),
    epoch: Number(meta.epoch),
  }
}

type Fields = Record<string, string>

const numbers = (fields: Fields) =>
  counted(Object.entries(fields).map(([field, text]) => [field, Number(text)]))

/** Compares both stores with the model, after a drain. */
export async function expectBooks(shop: Shop, world: World): Promise<void> {
  expect(await readHotState(shop, world)).toStrictEqual(hotStateOf(shop, world))
  const expected = rowsOf(shop)
  const rows = await readRows(world, expected)
  expect(sortedAll(rows)).toStrictEqual(sortedAll(expected))
}

const columns: Record<string, string> = {
  outbox_watermarks: 'events',
  dead_letters: 'error',
  products: 'id, name, brand, description, status, revision',
  product_options: 'id, price, per_user_limit, stock, held, sold',
  product_price_history: 'option_id, old_price, new_price',
  product_stock_history: 'option_id, type, change, order_id',
  coupons: 'id, status, total_quantity, issued_quantity, used_quantity',
  coupon_codes: 'coupon_id, user_coupon_id',
  user_coupons: 'id, coupon_id, user_id, rank, status, order_id',
  coupon_history: 'user_coupon_id, action, order_id',
  cart_items: 'user_id, option_id, quantity',
  orders:
    'id, user_id, status, original_amount, discount_amount, final_amount, user_coupon_id, ' +
    'paid_at_once, refunded_amount',
  order_items:
    'id, option_id, unit_price, quantity, discount_amount, refunded_quantity, ' +
    'restocked_quantity, refunded_amount',
  payments: 'order_id, amount, discount_amount, status',
  refunds: 'id, order_id, amount, restock',
  refund_items: 'refund_id, order_item_id, quantity, amount',
  balances: 'user_id, amount',
  balance_history: 'user_id, type, amount, before_amount, after_amount, order_id',
}

/** All tables in one round trip. */
async function readRows(world: World, expected: Record<string, Row[]>) {
  const { shop } = world.shop
  const parts = Object.keys(expected).map(
    (table) => sql`${sql.lit(table)}, (select coalesce(json_agg(r), '[]') from
      (select ${sql.raw(columns[table] as string)} from ${sql.table(table)} where shop = ${shop}) r)`,
  )
  const { rows } = await sql<{ tables: Record<string, Row[]> }>`
    select json_build_object(${sql.join(parts)}) as tables`.execute(databaseOf(world.books.orm))
  return (rows[0] as { tables: Record<string, Row[]> }).tables
}

/** Has the engine prove its own books. */
export async function expectProof(shop: Shop, world: World): Promise<void> {
  await moveTimes(world, shop)
  const report = await verify(world.books, world.shop.shop)
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([])
}
