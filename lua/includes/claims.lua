-- What the two ways to claim a coupon share.

-- A claim as JSON of `claim` in src/domain/events.ts. `digest` is that of the single-use code that it took, if any.
local function claim_json(coupon_id, user_id, entry, digest)
  local expires_at = tonumber(entry.expires_at)
  return cjson.encode({
    userCouponId = coupon_id .. '.' .. entry.rank,
    couponId = coupon_id,
    userId = user_id,
    rank = tonumber(entry.rank),
    issuedAt = tonumber(entry.issued_at),
    expiresAt = expires_at > 0 and expires_at or nil,
    codeDigest = digest,
  })
end

-- Issues the next unit of a coupon to a user whose coupons of it are `list`, for the single-use code of `digest`, if
-- there is one. Returns the claim as JSON. The caller has checked everything: from here on the claim must succeed.
local function issue_user_coupon(coupon_id, coupon, user_id, list, digest)
  local expires_at = coupon.validUntil or 0
  if coupon.userCouponTtlSeconds then
    local lapses_at = now_ms + coupon.userCouponTtlSeconds * 1000
    expires_at = expires_at > 0 and math.min(expires_at, lapses_at) or lapses_at
  end
  local rank = redis.call('HINCRBY', coupons, coupon_id .. ':issued', 1)
  local entry = {
    rank = tostring(rank),
    issued_at = tostring(now_ms),
    expires_at = tostring(expires_at),
    state = 'A',
    operation_id = '',
  }
  list[#list + 1] = entry
  write_user_coupons(coupon_id, user_id, list)
  if digest then
    redis.call('HSET', uniqueCodes, digest, coupon_id .. ':' .. user_id .. ':' .. rank)
  end
  local claim = claim_json(coupon_id, user_id, entry, digest)
  append_event('coupon_claimed', claim)
  return claim
end
