#!lua
--[[
open-shop: creates the empty hot state of a new shop.

Guarantee   Never touches a shop that has any hot state.
KEYS        Every key of the shop, in the order of src/redis/keys.ts.
ARGV[1]     epoch
ARGV[2]     sentinel: the field or member that keeps an empty key in existence
ARGV[3]     layout: the version of the keys
Returns     exists   some key of the shop is there already
            opened
Emits       nothing
Cost        O(keys)
]]

--- @keys

local epoch, sentinel, layout = ARGV[1], ARGV[2], ARGV[3]

if redis.call('EXISTS', unpack(KEYS, 1, #KEYS - 1)) > 0 then
  return 'exists'
end

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

-- A stream exists without entries once one was added and deleted.
local first = redis.call('XADD', outbox, '*', sentinel, '')
redis.call('XDEL', outbox, first)
redis.call('XSETID', outbox, first, 'ENTRIESADDED', 0, 'MAXDELETEDID', first)
local hashes = {
  products, options, coupons, codes, uniqueCodes, claims, balances, orders, operations, purchases, recents, carts,
}
for _, hash in ipairs(hashes) do
  redis.call('HSET', hash, sentinel, epoch)
end
redis.call('ZADD', catalog, '-inf', sentinel)
redis.call('ZADD', holds, '+inf', sentinel)
local created_at = string.format('%d', now_ms)
redis.call('HSET', meta, 'epoch', epoch, 'state', 'open', 'createdAt', created_at, 'layout', layout, 'trimmed', '0-0')
return 'opened'
