#!lua flags=allow-oom
--[[
install-shop: puts a hot state that was loaded beside the shop in its place, all of it at once.

Guarantee   Installs nothing for a rebuild that lost its lease, nothing incomplete, and nothing while the outbox has an
            event that Postgres lacks. The shop stays closed. Event ids go on above all that Postgres has.
KEYS        Every key of the shop, in the order of src/redis/keys.ts; then the loaded keys in the same order, without
            meta, outbox and the rankings.
ARGV[1]     token: the name of the rebuild
ARGV[2]     epoch: the new one
ARGV[3]     layout: the version of the keys
ARGV[4]     created_at (ms) of the shop, where that is lost too
ARGV[5]     watermark: id of the last event that Postgres has, ms-seq
ARGV[6]     events that Postgres has persisted in all
ARGV[7]     rebuilds: the last ones, `<epoch>=<its watermark> ` each
ARGV[8]     loaded_sales: prefix of the loaded rankings, which a day follows
ARGV[9…]    the days whose rankings may be there, loaded or old: YYYYMMDD
Returns     superseded   another rebuild has begun
            incomplete   a loaded key is missing
            undrained    an event came after the watermark
            installed
Emits       nothing
Cost        4 calls per key; what was there is freed in the background
]]

--- @keys

local token, epoch, layout, created_at = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local watermark, events, rebuilds, loaded_sales = ARGV[5], ARGV[6], ARGV[7], ARGV[8]

if redis.call('HGET', meta, 'rebuild') ~= token then
  return 'superseded'
end
local replaced = {
  products, catalog, options, coupons, codes, uniqueCodes, claims, balances, orders, operations, purchases, holds,
  recents, carts,
}
local first_loaded = #KEYS - #replaced
if redis.call('EXISTS', unpack(KEYS, first_loaded + 1)) < #replaced then
  return 'incomplete'
end
if #redis.call('XRANGE', outbox, '(' .. watermark, '+', 'COUNT', 1) > 0 then
  return 'undrained'
end

for number, key in ipairs(replaced) do
  redis.call('UNLINK', key)
  redis.call('RENAME', KEYS[first_loaded + number], key)
end
for position = 9, #ARGV do
  local day = ARGV[position]
  redis.call('UNLINK', sales .. day)
  if redis.call('EXISTS', loaded_sales .. day) == 1 then
    redis.call('RENAME', loaded_sales .. day, sales .. day)
  end
end
-- A stream exists without entries once one was added and deleted.
redis.call('UNLINK', outbox)
redis.call('XDEL', outbox, redis.call('XADD', outbox, '*', 'rebuilt', epoch))
redis.call('XSETID', outbox, watermark, 'ENTRIESADDED', events, 'MAXDELETEDID', '0-0')
redis.call('HSETNX', meta, 'createdAt', created_at)
redis.call('HSET', meta, 'epoch', epoch, 'layout', layout, 'state', 'closed')
redis.call('HSET', meta, 'trimmed', watermark, 'rebuilds', rebuilds)
return 'installed'
