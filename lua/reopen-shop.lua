#!lua flags=allow-oom
--[[
reopen-shop: opens a shop whose hot state was installed and found right.

Guarantee   Opens nothing for a rebuild that lost its lease.
KEYS        Every key of the shop, in the order of src/redis/keys.ts.
ARGV[1]     token: the name of the rebuild
Returns     superseded   another rebuild has begun
            opened
Emits       nothing
Cost        3 calls
]]

--- @keys

if redis.call('HGET', meta, 'rebuild') ~= ARGV[1] then
  return 'superseded'
end
redis.call('HSET', meta, 'state', 'open')
redis.call('HDEL', meta, 'rebuild', 'rebuildAt', 'closedBecause')
return 'opened'
