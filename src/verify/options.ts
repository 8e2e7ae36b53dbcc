import { type RawBuilder, sql } from 'kysely'
import type { ProductRecord } from '../domain/events.ts'
import { limits } from '../limits.ts'
import { shopKey } from '../redis/keys.ts'
import { hashSide, type Mirror, msOf, pageOfKeys, put, recordFacts } from './mirror.ts'
import type { RowFacts } from './row-facts.ts'

type Option = ProductRecord['options'][number]

/** What an option's facts repeat of its product. */
type OfProduct = {
  productId: string
  productName: string
  productRevision?: number
  status: ProductRecord['status']
}

/** The facts of every option that an order reads, those that it repeats of its product included. */
export function optionMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `option ${id}`,
    absent: {},
    hot: hashSide(shopKey(shop, 'options'), {
      idOf: (field) => (field.includes(':') ? null : field),
      factsOf: ([record]) =>
        recordFacts(record ?? '', (option: Option & OfProduct) => ({
          ...productFacts(option),
          optionValue: option.optionValue,
          ...changeableFacts(option),
        })),
    }),
    persisted: {
      keys: (after) => pageOfKeys(shop, { table: 'product_options', column: 'id' }, after),
      rows: (ids) => sql`
        select o.id, ${recordOfOption()}::jsonb as facts
        from product_options o join products p on p.shop = o.shop and p.id = o.product_id
        where o.shop = ${shop} and o.id = any(${ids})`,
      fields: {
        hash: shopKey(shop, 'options'),
        // Beside its facts an option has three counters.
        share: 1 / 4,
        // The text is that of a rebuild; what a decision has written has its facts in another order.
        page: (after) => sql`
          select max(id) as last, string_agg(id, E'\\n') as fields, string_agg(record, E'\\n') as values
          from (
            select o.id, ${recordOfOption()} as record
            from product_options o join products p on p.shop = o.shop and p.id = o.product_id
            where o.shop = ${shop} and o.id > ${after}
            order by o.id limit ${limits.verifyFieldsPage}
          ) page having count(*) > 0`,
      },
    },
    apply(event, entities) {
      if (event.type === 'product_created') {
        const { id, name, revision, status, options } = event.data
        const ofProduct = { productId: id, productName: name, productRevision: revision, status }
        for (const option of options) {
          const { optionValue } = option
          put(entities.get(option.id), { ...ofProduct, optionValue, ...changeableFacts(option) })
        }
      }
      if (event.type === 'option_updated') {
        put(entities.get(event.data.optionId), changeableFacts(event.data))
      }
      if (event.type === 'product_updated') {
        const { id, name, revision, status } = event.data
        for (const facts of entities.values()) {
          if (facts.productId !== id) continue
          put(facts, { productName: name, productRevision: revision, status })
        }
      }
    },
  }
}

/**
 * The facts of a row `o` of `product_options` and its product `p`, as `optionFacts` of lua/includes/catalog.lua: JSON
 * without line ends. It is put together as text, in a quarter of the time of jsonb_build_object() and
 * jsonb_strip_nulls(): an operator with null makes null, which concat() leaves out.
 */
export function recordOfOption(): RawBuilder<string> {
  return sql`concat(
    '{"productId":"', p.id, '","productName":', to_json(p.name), ',"productRevision":', p.revision,
    ',"status":"', p.status, '"', ',"optionValue":' || to_json(o.option_value)::text, ',"price":', o.price,
    ',"perUserLimit":' || o.per_user_limit, ',"saleStartsAt":' || ${msOf('o.sale_starts_at')},
    ',"saleEndsAt":' || ${msOf('o.sale_ends_at')}, ',"holdMs":' || o.hold_ms, '}'
  )`
}

/** Records of the time before there were revisions are of the first. */
function productFacts({ productId, productName, productRevision = 1, status }: OfProduct) {
  return { productId, productName, productRevision, status }
}

function changeableFacts(
  option: Pick<Option, 'price' | 'perUserLimit' | 'saleStartsAt' | 'saleEndsAt' | 'holdMs'>,
) {
  const { price, perUserLimit, saleStartsAt, saleEndsAt, holdMs } = option
  return { price, perUserLimit, saleStartsAt, saleEndsAt, holdMs }
}

/** Every change of a price begins where the one before it ended, and the last one ended at the price of today. */
export function priceChainFacts(shop: string): RowFacts {
  return sql`
    select 'price history ' || event_id || ' of option ' || option_id as "row",
      fact.fact, fact.actual, fact.expected
    from (
      select event_id, option_id, h.product_id, o.product_id as owner_id, o.price,
        old_price, new_price,
        lag(new_price, 1, old_price) over changes as left_by_last,
        lead(old_price) over changes as next_price
      from product_price_history h
      join product_options o on o.shop = h.shop and o.id = h.option_id
      where h.shop = ${shop}
      window changes as (partition by option_id order by event_id)
    ) history
    cross join lateral (values
      ('old price, as the last change left it', old_price::text, left_by_last::text),
      ('new price of the last change, as the option has it',
        case when next_price is null then new_price end::text,
        case when next_price is null then price end::text),
      ('product', product_id, owner_id)
    ) fact (fact, actual, expected)`
}
