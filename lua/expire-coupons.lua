--[[
expire-coupons: marks user coupons as expired whose time has passed.

Guarantee   It only tidies: an order judges the time itself. What an order holds or has used is left alone.
ARGV        user_coupons    user coupon id and user id of every one
Returns     backlog_full
            expired         how many were marked; the rest is for later where the backlog fills up
Emits       coupon_expired for each of them
Cost        2 calls per user coupon, and 2 more per marked one
]]
local arguments = { ... }

local expired = 0
for position = 1, #arguments, 2 do
  local user_coupon_id, user_id = arguments[position], arguments[position + 1]
  local record, bucket = find_user_coupon(user_coupon_id, user_id)
  if record and record.state == 'A' and has_lapsed(record) then
    -- Each of them is a finished decision of its own, and stands.
    if backlog_is_full() then
      return expired > 0 and { 'expired', expired } or { 'backlog_full' }
    end
    must_succeed()
    set_user_coupon_state(record, bucket, 'E')
    append_event('coupon_expired', cjson.encode({
      userCouponId = user_coupon_id,
      couponId = parse_user_coupon_id(user_coupon_id),
      userId = user_id,
      at = now_ms,
    }))
    expired = expired + 1
  end
end
return { 'expired', expired }
