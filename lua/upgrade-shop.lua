#!lua
--[[
upgrade-shop: gives a shop that an earlier version opened the keys that were added since.

Guarantee   Never makes a key that the shop had and lost: that one stays missing, and the shop closed.
KEYS        Every key of the shop, in the order of src/redis/keys.ts.
ARGV[1]     layout: the version of the keys, counted from 1
ARGV[2]     sentinel: the field or member that keeps an empty key in existence
Returns     missing    the shop has no hot state
            current    there was nothing to add
            upgraded
Emits       nothing
Cost        O(keys)
]]

--- @keys

local layout, sentinel = tonumber(ARGV[1]), ARGV[2]
local added_in = { [2] = { uniqueCodes, carts } }

local epoch = redis.call('HGET', meta, 'epoch')
if not epoch then
  return 'missing'
end
local current = tonumber(redis.call('HGET', meta, 'layout') or 1)
if current >= layout then
  return 'current'
end
for version = current + 1, layout do
  for _, hash in ipairs(added_in[version]) do
    redis.call('HSET', hash, sentinel, epoch)
  end
end
redis.call('HSET', meta, 'layout', layout)
return 'upgraded'
