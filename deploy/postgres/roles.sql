-- A role of Postgres for each kind of process, so that none can do more than it does. Run it as a superuser, in the
-- database of the engine: before the first migration, and again after each one, because it gives rights to tables that
-- are there. It may run at any time.
--
--   psql --file deploy/postgres/roles.sql --file deploy/postgres/passwords.sql
--
-- stampede_migrate owns the tables, and is for `npm run migrate` alone. The others read all of them and write rows as
-- listed here. Nobody but the owner can change or delete a row of a history, change a table or empty one. API processes
-- write what the retry of a dead letter brings, so they need nearly as much as the workers. Other roles, but superusers,
-- can no longer connect to the database.
do $$
declare
  app constant text := 'stampede_api, stampede_worker';
  name text;
begin
  foreach name in array array['stampede_migrate', 'stampede_api', 'stampede_worker'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I login', name);
    end if;
  end loop;

  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to stampede_migrate, %s', current_database(), app);
  revoke all on schema public from public;
  grant usage, create on schema public to stampede_migrate;
  execute format('grant usage on schema public to %s', app);

  -- What an earlier deployment has made belongs to whoever migrated it.
  for name in select relname from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') loop
    execute format('alter table public.%I owner to stampede_migrate', name);
    execute format('revoke all on public.%I from public, %s', name, app);
    execute format('grant select on public.%I to %s', name, app);
    if name in ('shops', 'outbox_watermarks', 'dead_letters', 'users', 'balances', 'balance_history', 'products',
      'product_revisions', 'product_options', 'product_price_history', 'product_stock_history', 'coupons',
      'coupon_codes', 'user_coupons', 'coupon_history', 'cart_items', 'orders', 'order_items', 'payments', 'refunds',
      'refund_items', 'product_rankings') then
      execute format('grant insert on public.%I to %s', name, app);
    end if;
    if name in ('outbox_watermarks', 'balances', 'products', 'product_revisions', 'product_options', 'coupons',
      'coupon_codes', 'user_coupons', 'cart_items', 'orders', 'order_items', 'payments') then
      execute format('grant update on public.%I to %s', name, app);
    end if;
    if name in ('cart_items', 'product_rankings') then
      execute format('grant delete on public.%I to %s', name, app);
    end if;
    case name
      -- Enough to lock its row, and no more.
      when 'shops' then execute format('grant update (shop) on public.shops to %s', app);
      when 'users' then grant update on public.users to stampede_api;
      when 'dead_letters' then grant update, delete on public.dead_letters to stampede_api;
      when 'ranking_snapshots', 'rebuilds' then
        execute format('grant insert on public.%I to stampede_worker', name);
      else null;
    end case;
  end loop;
end $$;
