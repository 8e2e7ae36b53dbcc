--[[
add-codes: stores the digests of new single-use codes of a coupon.

Guarantee   A digest that is stored already, claimed or not, stays as it is.
ARGV        coupon_id
            digests    of the codes (22 characters each)
Returns     coupon_not_found
            backlog_full
            added             the number of new ones
Emits       codes_added, where there are new ones
Cost        4 calls, O(digests)
]]
local coupon_id = ...
local digests = { select(2, ...) }

local record = redis.call('HGET', coupons, coupon_id)
if not record or string.sub(record, 1, 1) ~= '{' then
  return { 'coupon_not_found' }
end
local known = redis.call('HMGET', uniqueCodes, unpack(digests))
local added, fields = {}, {}
for number, digest in ipairs(digests) do
  if not known[number] then
    added[#added + 1] = digest
    fields[#fields + 1] = digest
    fields[#fields + 1] = coupon_id
  end
end
if #added == 0 then
  return { 'added', 0 }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

must_succeed()
redis.call('HSET', uniqueCodes, unpack(fields))
append_event('codes_added', cjson.encode({ couponId = coupon_id, digests = added, at = now_ms }))
return { 'added', #added }
