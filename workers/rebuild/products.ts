import { sql } from 'kysely'
import { limits } from '../../src/limits.ts'
import { msOf } from '../../src/verify/mirror.ts'
import { recordOfOption } from '../../src/verify/options.ts'
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
        rows.flatMap(({ key, record }) => [key, JSON.stringify(record)]),
      )
      hot.addMembers(
        'catalog',
        rows.flatMap(({ key, createdAt }) => [createdAt, key]),
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
        rows.flatMap(({ field, description }) => (field ? [field, description] : [])),
      )
    },
  )
}

export async function loadOptions(load: ShopLoad): Promise<void> {
  const { shop, hot } = load
  await eachPage(
    load,
    '',
    // A page is one text, as that of balances is. JSON has no line ends but those that it escapes.
    (after) => sql<{ key: string; lines: string }>`
      select max(id) as key, string_agg(concat_ws(E'\\n',
        id, record, id || ':free', stock, id || ':held', held, id || ':sold', sold
      ), E'\\n') as lines
      from (
        select o.id, o.stock, o.held, o.sold, ${recordOfOption()} as record
        from product_options o join products p on p.shop = o.shop and p.id = o.product_id
        where o.shop = ${shop} and o.id > ${after}
        order by o.id limit ${limits.rebuildRecordsMax}
      ) page having count(*) > 0`,
    ([page]) => {
      hot.setFields('options', page?.lines.split('\n') ?? [])
    },
  )
}
