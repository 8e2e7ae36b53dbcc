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
            code_required     it is claimed by a code only
            replayed          an earlier claim, as JSON of `claim` in src/domain/events.ts
            sold_out          with the units issued, and the ms for which that stays so: until the coupon ends, 0
                              where a raise is announced, -1 where nothing is known to end it
            backlog_full
            claimed           the new claim, as JSON
Emits       coupon_claimed
Cost        4 calls, 1 more for the first of a coupon in its batch, and 4 more for each eighth unit of the coupon,
            which splits a bucket
]]
local coupon_id, user_id = ...

local known = read_coupon(coupon_id)
if not known then
  return { 'coupon_not_found' }
end
local coupon, issued = known.facts, known.issued
if not issued then
  return { 'shop_closed' }
end
if coupon.status ~= 'ACTIVE' then
  return { 'coupon_inactive' }
end
if coupon.validFrom and now_ms < coupon.validFrom then
  return { 'not_started' }
end
if coupon.validUntil and now_ms >= coupon.validUntil then
  return { 'ended' }
end

if coupon.codeRequired then
  return { 'code_required' }
end
local list, bucket = read_user_coupons(coupon_id, user_id, issued)
if #list >= coupon.perUserLimit then
  return { 'replayed', claim_json(coupon_id, user_id, list[#list]) }
end
if issued >= coupon.totalQuantity then
  local trust_ms = coupon.validUntil and coupon.validUntil - now_ms or -1
  return { 'sold_out', issued, known.announced_at and 0 or trust_ms }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

must_succeed()
return { 'claimed', issue_user_coupon(coupon_id, coupon, user_id, bucket) }
