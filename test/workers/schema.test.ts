import { sql } from 'kysely'
import { afterAll, expect, it } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { openOrm } from '../../src/db/orm.ts'
import { createDatabase } from '../support/postgres.ts'

const databaseUrl = await createDatabase()
const orm = openOrm(databaseUrl)
afterAll(() => orm.close())

type Column = { table: string; name: string; type: string; nullable: boolean; collation: string }

it('has exactly the tables, columns and keys in Postgres that the entities declare', async () => {
  const { rows: migrated } = await sql<Column>`
    select c.table_name as table, c.column_name as name, c.udt_name as type,
      c.is_nullable = 'YES' as nullable, coalesce(c.collation_name, '') as collation
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
      and c.table_name <> 'mikro_orm_migrations'
    order by c.table_name, c.column_name`.execute(orm.em.getKysely())
  const { rows: keys } = await sql<{ table: string; columns: string[] }>`
    select conrelid::regclass::text as table, array(
      select attname::text from unnest(conkey) with ordinality as key (number, position)
      join pg_attribute on attrelid = conrelid and attnum = key.number order by key.position
    ) as columns
    from pg_constraint
    where contype = 'p' and connamespace = 'public'::regnamespace
      and conrelid <> 'mikro_orm_migrations'::regclass
    order by 1`.execute(orm.em.getKysely())

  const metadata = [...orm.getMetadata().getAll().values()]
  metadata.sort((a, b) => (a.tableName < b.tableName ? -1 : 1))
  const short: Record<string, string> = {
    bigint: 'int8',
    int: 'int4',
    smallint: 'int2',
    boolean: 'bool',
  }
  const declared = metadata.flatMap((meta) =>
    meta.props.map((property) => {
      const type = property.columnTypes[0] as string
      return {
        table: meta.tableName,
        name: property.fieldNames[0] as string,
        type: short[type] ?? type,
        nullable: property.nullable === true,
        collation: property.collation ?? '',
      }
    }),
  )

  const byName = (a: Column, b: Column) =>
    `${a.table}.${a.name}` < `${b.table}.${b.name}` ? -1 : 1
  expect(declared.sort(byName)).toEqual(migrated.sort(byName))
  expect(
    metadata.map((meta) => ({
      table: meta.tableName,
      columns: meta.primaryKeys.map((key) => meta.properties[key]?.fieldNames[0]),
    })),
  ).toEqual(keys)
})

it('goes back to the schema of each earlier version', async () => {
  await orm.migrator.down({ to: '0001-flash-sale' })
  const goneBack = await definitions()
  await orm.migrator.down({ to: 0 })
  expect(await definitions()).toEqual([])
  await orm.migrator.up({ to: '0001-flash-sale' })
  expect(goneBack).toEqual(await definitions())
  await orm.migrator.up()
})

it('migrates up once when several processes start together', async () => {
  await orm.migrator.down({ to: 0 })
  const ran = await Promise.all(Array.from({ length: 4 }, () => migrate(databaseUrl)))
  expect(ran.flat()).toEqual([
    '0001-flash-sale',
    '0002-whole-domain',
    '0003-rebuild',
    '0004-order-events',
    '0005-bulk-writes',
    '0006-dead-letters',
    '0007-orders-of-letters',
  ])
})

/** Every column, constraint, index and view, but those of the migrations' own table. */
async function definitions(): Promise<string[]> {
  const { rows } = await sql<{ definition: string }>`
    select format('column %s.%s %s %s', table_name, column_name, data_type, is_nullable) as definition
    from information_schema.columns
    where table_schema = 'public' and table_name not like 'mikro_orm%'
    union all
    select format('%s %s: %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint
    where connamespace = 'public'::regnamespace and conrelid::regclass::text not like 'mikro_orm%'
    union all
    select indexdef from pg_indexes where schemaname = 'public' and tablename not like 'mikro_orm%'
    union all
    select definition from pg_views where schemaname = 'public'
    order by 1`.execute(orm.em.getKysely())
  return rows.map(({ definition }) => definition)
}
