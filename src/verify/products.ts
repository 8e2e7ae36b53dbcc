import type { ChainableCommander } from 'ioredis'
import { sql } from 'kysely'
import type { ProductRecord } from '../domain/events.ts'
import { shopKey } from '../redis/keys.ts'
import {
  type Facts,
  hashSide,
  type Mirror,
  msOf,
  pageOfKeys,
  put,
  recordFacts,
  scanHash,
  scanSortedSet,
} from './mirror.ts'
import type { RowFacts } from './row-facts.ts'

type StoredProduct = Omit<ProductRecord, 'options'> & { optionIds: string[] }

/** What every product says of itself, which options it has, and its place in the catalog. */
export function productMirror(shop: string): Mirror {
  const products = shopKey(shop, 'products')
  const catalog = shopKey(shop, 'catalog')
  return {
    nameOf: (id) => `product ${id}`,
    absent: {},
    hot: {
      async *scan(redis) {
        for await (const chunk of scanHash(redis, products)) {
          yield chunk.map(([field]) => field).filter((field) => !field.includes(':'))
        }
        // The other way round: a place whose product is gone.
        for await (const chunk of scanSortedSet(redis, catalog)) yield chunk.map(([id]) => id)
      },
      read(commands: ChainableCommander, ids: string[]) {
        commands.hmget(products, ...ids).zmscore(catalog, ...ids)
        return (replies) => {
          const [records, places] = replies as (string | null)[][]
          return ids.map((_, index): Facts | null => {
            const [record, place] = [records?.[index] ?? null, places?.[index] ?? null]
            if (record === null && place === null) return null
            const facts = record === null ? {} : recordFacts(record, storedFacts)
            put(facts, { 'place in the catalog': place })
            return facts
          })
        }
      },
    },
    persisted: {
      keys: (after) => pageOfKeys(shop, { table: 'products', column: 'id' }, after),
      rows: (ids) => sql`
        select p.id, jsonb_strip_nulls(jsonb_build_object(
          'name', name, 'brand', brand, 'description', description, 'status', status,
          'revision', revision, 'options', (
            select string_agg(o.id, ' ' order by o.id) from product_options o
            where o.shop = p.shop and o.product_id = p.id
          ),
          'createdAt', ${msOf('created_at')}, 'place in the catalog', ${msOf('created_at')}
        )) as facts
        from products p where shop = ${shop} and id = any(${ids})`,
    },
    apply(event, entities) {
      if (event.type === 'product_created') {
        const { id, options, createdAt } = event.data
        put(entities.get(id), {
          ...storedFacts({ ...event.data, optionIds: options.map((option) => option.id) }),
          'place in the catalog': createdAt,
        })
      }
      if (event.type === 'product_updated') put(entities.get(event.data.id), textFacts(event.data))
    },
  }
}

/** What a change of a product may change. Records of the time before there were revisions are of the first. */
function textFacts(
  product: Pick<StoredProduct, 'name' | 'brand' | 'description' | 'status'> & { revision?: number },
) {
  const { name, brand, description, status, revision = 1 } = product
  return { name, brand, description, status, revision }
}

function storedFacts(product: StoredProduct) {
  const options = [...product.optionIds].sort().join(' ')
  return { ...textFacts(product), options, createdAt: product.createdAt }
}

/**
 * The description of every revision: the current one lies with the product, the past ones beside it. An entity is
 * `<product>:<revision>`, without a description it has an empty one.
 */
export function descriptionMirror(shop: string): Mirror {
  const textOf = (record: string) =>
    recordFacts(record, ({ description }: StoredProduct) => ({ description: description ?? '' }))
  const revisionOf = (record: string) =>
    recordFacts(record, ({ revision }: StoredProduct) => ({ revision: revision ?? 1 })).revision
  return {
    nameOf: (id) => `product ${id.replace(':', ' revision ')}`,
    absent: {},
    hot: hashSide(shopKey(shop, 'products'), {
      idOf: (field, value) => (field.includes(':') ? field : `${field}:${revisionOf(value)}`),
      fieldsOf: (id) => [id, productOf(id)],
      factsOf([past, current], id) {
        if (typeof past === 'string') return { description: past }
        const isCurrent = current && `${productOf(id)}:${revisionOf(current)}` === id
        return isCurrent ? textOf(current) : null
      },
    }),
    persisted: {
      keys: (after) => pageOfKeys(shop, { table: 'products', column: 'id' }, after),
      keyOf: productOf,
      rows: (productIds) => sql`
        select product_id || ':' || revision as id,
          jsonb_build_object('description', coalesce(description, '')) as facts
        from product_revisions where shop = ${shop} and product_id = any(${productIds})`,
    },
    apply(event, entities) {
      if (event.type !== 'product_created' && event.type !== 'product_updated') return
      const { id, revision, description } = event.data
      put(entities.get(`${id}:${revision}`), { description: description ?? '' })
    },
  }
}

function productOf(id: string): string {
  return id.slice(0, id.indexOf(':'))
}

/** Every change of a product's texts is a revision, and the product is its last one. */
export function revisionFacts(shop: string): RowFacts {
  return sql`
    select 'product ' || id as "row", fact.fact, fact.actual, fact.expected
    from (
      select id, revision, name, brand, description from products where shop = ${shop}
    ) products
    left join (
      select product_id as id, count(*) as revisions, max(revision) as last_revision
      from product_revisions where shop = ${shop} group by product_id
    ) counted using (id)
    left join (
      select product_id as id, revision, name as last_name, brand as last_brand,
        description as last_description
      from product_revisions where shop = ${shop}
    ) last using (id, revision)
    cross join lateral (values
      ('revisions, without a gap', coalesce(revisions, 0)::text, revision::text),
      ('last revision', last_revision::text, revision::text),
      ('name, as its last revision says', name, last_name),
      ('brand, as its last revision says', brand, last_brand),
      ('description, as its last revision says', description, last_description)
    ) fact (fact, actual, expected)`
}

/** What was sold bears the name that its product had then, and so the description of that time is found. */
export function nameAsSoldFacts(shop: string): RowFacts {
  return sql`
    select 'order item ' || i.id as "row", 'product name, as the revision sold says' as fact,
      i.product_name as actual, r.name as expected
    from order_items i
    left join product_revisions r
      on r.shop = i.shop and r.product_id = i.product_id and r.revision = i.product_revision
    where i.shop = ${shop}`
}
