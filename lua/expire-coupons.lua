--[[
expire-coupons: marks user coupons as expired whose time has passed.

Guarantee   It only tidies: an order judges the time itself. What an order holds or has used is left alone.
ARGV        user_coupons    user coupon id and user id of every one
Returns     backlog_full
            expired         how many were marked; the rest is for later where the backlog fills up
Emits       coupon_expired for each of them
Cost        1 call per user coupon, and 3 more per marked one
]]
local arguments = { ... }

local expired = 0
for position = 1, #arguments, 2 do
  local user_coupon_id, user_id = arguments[position], arguments[position + 1]
  local coupon_id, rank = parse_user_coupon_id(user_coupon_id)
  local entry = coupon_id and find_user_coupon(read_user_coupons(coupon_id, user_id), rank)
  if entry and entry.state == 'A' and has_lapsed(entry) then
    -- Each of them is a finished decision of its own, and stands.
    if backlog_is_full() then
      return expired > 0 and { 'expired', expired } or { 'backlog_full' }
    end
    must_succeed()
    set_user_coupon_state(user_coupon_id, user_id, 'E', '')
    append_event('coupon_expired', cjson.encode({
      userCouponId = user_coupon_id,
      couponId = coupon_id,
      userId = user_id,
      at = now_ms,
    }))
    expired = expired + 1
  end
end
return { 'expired', expired }
