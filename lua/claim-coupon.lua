--[[
claim-coupon: gives one unit of a coupon to a user, first come, first served.

Guarantee   Never issues more than the total quantity, nor more to one user than the coupon's limit. A user at his
            limit gets his latest claim again, so a repeated request has one effect.
ARGV        coupon_id
            user_id
Returns     coupon_not_found
            shop_closed       the coupon's counter is missing
            coupon_inactive   paused or ended by the operator
            not_started
            ended
            replayed          an earlier claim, as JSON of `claim` in src/domain/events.ts
            sold_out
            backlog_full
            claimed           the new claim, as JSON
Emits       coupon_claimed
Cost        5 calls
]]
local coupon_id, user_id = ...

local stored = redis.call('HMGET', coupons, coupon_id, coupon_id .. ':issued')
local facts, issued = stored[1], tonumber(stored[2])
if not facts then
  return { 'coupon_not_found' }
end
if not issued then
  return { 'shop_closed' }
end
local coupon = parse_facts(facts)
if coupon.status ~= 'ACTIVE' then
  return { 'coupon_inactive' }
end
if coupon.validFrom and now_ms < coupon.validFrom then
  return { 'not_started' }
end
if coupon.validUntil and now_ms >= coupon.validUntil then
  return { 'ended' }
end

local function as_json(entry)
  local expires_at = tonumber(entry.expires_at)
  return cjson.encode({
    userCouponId = coupon_id .. '.' .. entry.rank,
    couponId = coupon_id,
    userId = user_id,
    rank = tonumber(entry.rank),
    issuedAt = tonumber(entry.issued_at),
    expiresAt = expires_at > 0 and expires_at or nil,
  })
end

local list = read_user_coupons(coupon_id, user_id)
if #list >= coupon.perUserLimit then
  return { 'replayed', as_json(list[#list]) }
end
if issued >= coupon.totalQuantity then
  return { 'sold_out' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

local expires_at = coupon.validUntil or 0
if coupon.userCouponTtlSeconds then
  local lapses_at = now_ms + coupon.userCouponTtlSeconds * 1000
  expires_at = expires_at > 0 and math.min(expires_at, lapses_at) or lapses_at
end
local entry = {
  rank = tostring(issued + 1),
  issued_at = tostring(now_ms),
  expires_at = tostring(expires_at),
  state = 'A',
  operation_id = '',
}
list[#list + 1] = entry

-- After this point the claim must succeed.
redis.call('HINCRBY', coupons, coupon_id .. ':issued', 1)
write_user_coupons(coupon_id, user_id, list)
local claim = as_json(entry)
append_event('coupon_claimed', claim)
return { 'claimed', claim }
