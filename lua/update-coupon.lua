--[[
update-coupon: pauses, resumes, ends, raises, lowers or prolongs a coupon, while it is claimed.

Guarantee   The total quantity never falls below what is issued. User coupons that are issued keep their expiry.
ARGV        coupon_id
            changes    JSON of status, totalQuantity and validUntil (ms), as far as they change; null takes the end away
Returns     coupon_not_found
            shop_closed       the coupon's counter is missing
            invalid_window    it would end before it is valid
            below_issued      more units are issued than there would be
            unchanged         it is as asked for already
            backlog_full
            updated
Emits       coupon_updated
Cost        3 calls
]]
local coupon_id, changes = ...
changes = cjson.decode(changes)

local stored = redis.call('HMGET', coupons, coupon_id, coupon_id .. ':issued')
local record, issued = stored[1], tonumber(stored[2])
if not record or string.sub(record, 1, 1) ~= '{' then
  return { 'coupon_not_found' }
end
if not issued then
  return { 'shop_closed' }
end
local coupon = cjson.decode(record)
local is_changed = apply_changes(coupon, changes)
if is_backwards(coupon.validFrom, coupon.validUntil) then
  return { 'invalid_window' }
end
if coupon.totalQuantity < issued then
  return { 'below_issued' }
end
if not is_changed then
  return { 'unchanged' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

must_succeed()
coupon.updatedAt = now_ms
local changed = cjson.encode(coupon)
write_coupon_facts(coupon_id, changed)
append_event('coupon_updated', changed)
return { 'updated' }
