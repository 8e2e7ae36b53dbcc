import { sql } from 'kysely'
import { limits } from '../../src/limits.ts'
import { msOf } from '../../src/verify/mirror.ts'
import { factsOfOption } from '../../src/verify/options.ts'
import { eachPage, type ShopLoad } from './pages.ts'

export async function loadProducts(load: ShopLoad): Promise<void> {
  const { shop, hot } = load
  await eachPage(
    load,
    '',
    (after) => sql<{ key: string; record: object; createdAt: string }>`
      select id as key, ${msOf('created_at')} as "createdAt",
        jsonb_strip_nulls(jsonb_build_object(
          'id', id, 'name', name, 'brand', brand, 'description', description, 'status', status,
          'revision', revision, 'createdAt', ${msOf('created_at')}, 'optionIds', (
            select jsonb_agg(o.id order by o.line) from product_options o
            where o.shop = p.shop and o.product_id = p.id
          )
        )) as record
      from products p where shop = ${shop} and id > ${after}
      order by id limit ${limits.rebuildRecordsMax}`,
    (rows) => {
      hot.setFields(
        'products',
        rows.map(({ key, record }) => [key, JSON.stringify(record)]),
      )
      hot.addMembers(
        'catalog',
        rows.map(({ key, createdAt }) => [key, createdAt]),
      )
    },
  )
}

/** The descriptions of past revisions, which orders of their time show. */
export async function loadPastDescriptions(load: ShopLoad): Promise<void> {
  const { shop, hot } = load
  await eachPage(
    load,
    // The key is the revision's id as JSON.
    JSON.stringify(['', 0]),
    (after) => {
      const [productId, revision] = JSON.parse(after) as [string, number]
      return sql<{ key: string; field: string | null; description: string }>`
        with page as materialized (
          select product_id, revision, coalesce(description, '') as description
          from product_revisions
          where shop = ${shop} and (product_id, revision) > (${productId}, ${revision}::integer)
          order by product_id, revision limit ${limits.rebuildRecordsMax}
        )
        select jsonb_build_array(product_id, page.revision)::text as key, page.description,
          case when page.revision < p.revision then product_id || ':' || page.revision end as field
        from page join products p on p.shop = ${shop} and p.id = product_id
        order by product_id, page.revision`
    },
    (rows) => {
      hot.setFields(
        'products',
        rows.flatMap(({ field, description }) => (field ? [[field, description] as const] : [])),
      )
    },
  )
}

export async function loadOptions(load: ShopLoad): Promise<void> {
  const { shop, hot } = load
  await eachPage(
    load,
    '',
    (after) => sql<{ key: string; facts: object; free: string; held: string; sold: string }>`
      select o.id as key, o.stock as free, o.held, o.sold, ${factsOfOption()} as facts
      from product_options o join products p on p.shop = o.shop and p.id = o.product_id
      where o.shop = ${shop} and o.id > ${after}
      order by o.id limit ${limits.rebuildRecordsMax}`,
    (rows) => {
      hot.setFields(
        'options',
        rows.flatMap(({ key, facts, free, held, sold }) => [
          [key, JSON.stringify(facts)],
          [`${key}:free`, free],
          [`${key}:held`, held],
          [`${key}:sold`, sold],
        ]),
      )
    },
  )
}
