-- What the two ways to claim a coupon share.

-- A claim as JSON of `claim` in src/domain/events.ts. `digest` is that of the single-use code that it took, if any. No
-- id or digest has a character that JSON would escape, and to join the texts takes 1 µs, where cjson takes 3.
local function claim_json(coupon_id, user_id, record, digest)
  local rank, issued_at = string.format('%d', record.rank), string.format('%d', record.issued_at)
  local expiry = record.expires_at and string.format(',"expiresAt":%d', record.expires_at) or ''
  local code = digest and ',"codeDigest":"' .. digest .. '"' or ''
  return '{"userCouponId":"' .. coupon_id .. '.' .. rank .. '","couponId":"' .. coupon_id .. '","userId":"' .. user_id
    .. '","rank":' .. rank .. ',"issuedAt":' .. issued_at .. expiry .. code .. '}'
end

-- Issues the next unit of a coupon to a user whose coupons of it are in `bucket`, for the single-use code of `digest`,
-- if there is one. Returns the claim as JSON. The caller has checked everything: from here on the claim must succeed.
local function issue_user_coupon(coupon_id, coupon, user_id, bucket, digest)
  local expires_at = coupon.validUntil
  if coupon.userCouponTtlSeconds then
    local lapses_at = now_ms + coupon.userCouponTtlSeconds * 1000
    expires_at = expires_at and math.min(expires_at, lapses_at) or lapses_at
  end
  local rank = issue_unit(coupon_id)
  local record = { rank = rank, issued_at = now_ms, expires_at = expires_at }
  local expiry = expires_at and string.format('%x', expires_at) or ''
  add_record('|' .. user_id .. string.format(' %x %xA', rank, now_ms) .. expiry, bucket, coupon_id, rank)
  if digest then
    redis.call('HSET', uniqueCodes, digest, coupon_id .. ':' .. user_id .. ':' .. string.format('%d', rank))
  end
  local claim = claim_json(coupon_id, user_id, record, digest)
  append_event('coupon_claimed', claim)
  return claim
end
