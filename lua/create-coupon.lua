--[[
create-coupon: puts a coupon up for claims.

Guarantee   No two coupons of a shop have the same code, upper and lower case alike.
ARGV        coupon   JSON of `coupon` in src/domain/events.ts, without createdAt; its id is new
Returns     code_taken
            backlog_full
            created      the coupon, as JSON
Emits       coupon_created
Cost        4 calls
]]
local coupon = cjson.decode((...))
coupon.createdAt = now_ms

local code = coupon.code and string.upper(coupon.code)
if code and redis.call('HEXISTS', codes, code) == 1 then
  return { 'code_taken' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

must_succeed()
local record = cjson.encode(coupon)
redis.call('HSET', coupons, coupon.id, record, coupon.id .. ':issued', 0, coupon.id .. ':used', 0)
if code then
  redis.call('HSET', codes, code, coupon.id)
end
append_event('coupon_created', record)
return { 'created', record }
