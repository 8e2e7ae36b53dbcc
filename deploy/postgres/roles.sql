-- A role of Postgres for each kind of process, so that none can do more than it does. Run it as a superuser, in the
-- database of the engine, before the first migration; it may run again. Then give each role its password:
--
--   psql --file deploy/postgres/roles.sql
--   psql --command '\password stampede_migrate' --command '\password stampede_api' --command '\password stampede_worker'
--
-- stampede_migrate owns the tables, and is for `npm run migrate` alone. The others read and write rows, and can neither
-- change a table nor empty one. API processes write few rows: users, shops, and what the retry of a dead letter brings.
do $$
declare
  name text;
begin
  foreach name in array array['stampede_migrate', 'stampede_api', 'stampede_worker'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I login', name);
    end if;
  end loop;
end $$;

revoke create on schema public from public;
grant usage, create on schema public to stampede_migrate;
grant usage on schema public to stampede_api, stampede_worker;

alter default privileges for role stampede_migrate in schema public
  grant select, insert, update, delete on tables to stampede_api, stampede_worker;
alter default privileges for role stampede_migrate in schema public
  grant usage, select on sequences to stampede_api, stampede_worker;
