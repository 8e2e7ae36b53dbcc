#!lua flags=allow-oom
--[[
begin-rebuild: closes a shop for whoever rebuilds it, or says that somebody else does.

Guarantee   One rebuild at a time: who has not renewed within the lease loses it, and cannot install anything later.
KEYS        Every key of the shop, in the order of src/redis/keys.ts.
ARGV[1]     token: the name of the rebuild; the same one renews
ARGV[2]     lease_ms (ms) after which a rebuild that does not renew counts as dead
Returns     busy     another rebuild is alive
            begun    with the epoch of the hot state, 0 where that is lost, and the token of a dead rebuild, or ''
Emits       nothing
Cost        3 calls
]]

--- @keys

local token, lease_ms = ARGV[1], tonumber(ARGV[2])

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

local epoch, holder, renewed_at = unpack(redis.call('HMGET', meta, 'epoch', 'rebuild', 'rebuildAt'))
if holder and holder ~= token and now_ms < tonumber(renewed_at) + lease_ms then
  return { 'busy' }
end
redis.call('HSET', meta, 'state', 'closed', 'rebuild', token, 'rebuildAt', string.format('%d', now_ms))
return { 'begun', tonumber(epoch) or 0, holder ~= token and holder or '' }
