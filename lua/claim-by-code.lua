--[[
claim-by-code: gives one unit of the coupon that a code belongs to to a user.

Guarantee   That of claim-coupon, and a single-use code is claimed once. Why a code cannot be claimed is not told.
ARGV        code       in upper case: one that all claimants of a coupon share
            digest     (22 characters) of the same text, as one that is used once
            user_id
Returns     code_not_found    nobody's code, another user's, or its coupon is not active, not yet valid or ended
            shop_closed       the coupon's counter is missing
            replayed          the earlier claim of a user who took this code or is at his limit, as JSON of `claim` in
                              src/domain/events.ts; a single-use code that is new stays free
            sold_out
            backlog_full
            claimed           the new claim, as JSON
Emits       coupon_claimed
Cost        7 calls, 1 less behind another of the coupon in its batch, 1 more for a single-use code, and 4 more for
            each eighth unit of the coupon
]]
local code, digest, user_id = ...

local coupon_id = redis.call('HGET', codes, code)
local single_use = redis.call('HGET', uniqueCodes, digest)
local taker_id, taken_rank
if not coupon_id and single_use then
  coupon_id, taker_id, taken_rank = string.match(single_use, '^([^:]+):?([^:]*):?(%d*)$')
end
-- A code that is nobody's takes the same steps, so that time does not tell it from one that somebody took.
local known = read_coupon(coupon_id or '')
if not known then
  return { 'code_not_found' }
end
local coupon, issued = known.facts, known.issued
if not issued then
  return { 'shop_closed' }
end
if
  coupon.status ~= 'ACTIVE'
  or (coupon.validFrom and now_ms < coupon.validFrom)
  or (coupon.validUntil and now_ms >= coupon.validUntil)
  or (taker_id and taker_id ~= '' and taker_id ~= user_id)
then
  return { 'code_not_found' }
end

local list, bucket = read_user_coupons(coupon_id, user_id, issued)
local earlier = taker_id == user_id and of_rank(list, tonumber(taken_rank))
if not earlier and #list >= coupon.perUserLimit then
  earlier = list[#list]
end
if earlier then
  return { 'replayed', claim_json(coupon_id, user_id, earlier) }
end
if issued >= coupon.totalQuantity then
  return { 'sold_out' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

must_succeed()
return { 'claimed', issue_user_coupon(coupon_id, coupon, user_id, bucket, taker_id and digest) }
