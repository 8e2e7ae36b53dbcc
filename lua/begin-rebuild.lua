#!lua flags=allow-oom
--[[
begin-rebuild: closes a shop for whoever rebuilds it, or renews that one's lease.

Guarantee   One rebuild at a time: who has not renewed within the lease loses it, and cannot install anything later.
KEYS        Every key of the shop, in the order of src/redis/keys.ts.
ARGV[1]     token: the name of the rebuild
ARGV[2]     lease_ms (ms) after which a rebuild that does not renew counts as dead
ARGV[3]     is_begun: '1' to renew only, '0' to begin
Returns     superseded   there is no lease to renew: the rebuild has ended, or another one has begun
            renewed
            busy         another rebuild is alive
            begun        with the epoch of the hot state, 0 where that is lost, and the token of a dead rebuild, or ''
Emits       nothing
Cost        3 calls
]]

--- @keys

local token, lease_ms, is_begun = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

local epoch, holder, renewed_at = unpack(redis.call('HMGET', meta, 'epoch', 'rebuild', 'rebuildAt'))
if is_begun then
  if holder ~= token then
    return { 'superseded' }
  end
  redis.call('HSET', meta, 'rebuildAt', string.format('%d', now_ms))
  return { 'renewed' }
end
if holder and now_ms < tonumber(renewed_at) + lease_ms then
  return { 'busy' }
end
redis.call('HSET', meta, 'state', 'closed', 'rebuild', token, 'rebuildAt', string.format('%d', now_ms))
return { 'begun', tonumber(epoch) or 0, holder or '' }
