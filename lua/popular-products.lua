#!lua flags=allow-oom
--[[
popular-products: the best-selling products of several days.

Guarantee   Leaves nothing behind.
KEYS[1]     the union, for the time of this call (sorted set)
KEYS[2…]    the rankings of the days (sorted sets)
ARGV[1]     limit (products)
Returns     product id, units, product id, units …, best first; equal sales by id, descending
Emits       nothing
Cost        O(n log n) for the n products sold on those days
]]
local union, limit = KEYS[1], tonumber(ARGV[1])

redis.call('ZUNIONSTORE', union, #KEYS - 1, unpack(KEYS, 2))
local best = redis.call('ZREVRANGE', union, 0, limit - 1, 'WITHSCORES')
redis.call('DEL', union)
return best
