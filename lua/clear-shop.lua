#!lua flags=allow-oom
--[[
clear-shop: drops the hot state that a rebuild replaces, so that both need not fit into the memory at once.

Guarantee   Drops nothing for a rebuild that lost its lease, and nothing while the outbox has an event that Postgres
            lacks.
KEYS        Every key of the shop, in the order of src/redis/keys.ts.
ARGV[1]     token: the name of the rebuild
ARGV[2]     watermark: id of the last event that Postgres has, ms-seq
Returns     superseded   another rebuild has begun
            undrained    an event came after the watermark
            cleared
Emits       nothing
Cost        3 calls; the memory is freed in the background
]]

--- @keys

local token, watermark = ARGV[1], ARGV[2]

if redis.call('HGET', meta, 'rebuild') ~= token then
  return 'superseded'
end
if #redis.call('XRANGE', outbox, '(' .. watermark, '+', 'COUNT', 1) > 0 then
  return 'undrained'
end
redis.call(
  'UNLINK', products, catalog, options, coupons, codes, uniqueCodes, claims, balances, orders, operations, purchases,
  holds, recents, carts
)
return 'cleared'
