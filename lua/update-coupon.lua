--[[
update-coupon: pauses, resumes, ends, raises, lowers or prolongs a coupon, while it is claimed.

Guarantee   The total quantity never falls below what is issued. User coupons that are issued keep their expiry.
ARGV        coupon_id
            changes    JSON of status, totalQuantity and validUntil (ms), as far as they change; null takes the end away
            latch_ms   for how long a process may refuse claims of a sold-out coupon by itself (ms)
Returns     coupon_not_found
            shop_closed       the coupon's counter is missing
            invalid_window    it would end before it is valid
            below_issued      more units are issued than there would be
            unchanged         it is as asked for already
            backlog_full
            announced         a sold-out coupon is to be raised: ask again after so many ms
            updated
Emits       coupon_updated
Cost        3 calls; 3 more for a raise that is announced
]]
local coupon_id, changes, latch_ms = ...
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
local was_sold_out = issued >= coupon.totalQuantity
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

-- A process that knows the coupon to be sold out would refuse a user whom another process has just given a new unit.
-- So a raise is announced: from then on nobody trusts that it is sold out, and it comes when all who did have
-- forgotten.
local is_raised = was_sold_out and coupon.totalQuantity > issued
local announced_at = is_raised and read_coupon(coupon_id).announced_at
local waited_ms = announced_at and now_ms - announced_at or 0
if is_raised and waited_ms < tonumber(latch_ms) then
  if not announced_at then
    announce_raise(coupon_id)
  end
  return { 'announced', latch_ms - waited_ms }
end

must_succeed()
if announced_at then
  redis.call('HDEL', coupons, coupon_id .. ':raising')
end
coupon.updatedAt = now_ms
local changed = cjson.encode(coupon)
write_coupon_facts(coupon_id, changed)
append_event('coupon_updated', changed)
return { 'updated' }
