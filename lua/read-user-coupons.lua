#!lua flags=no-writes
--[[
read-user-coupons: what users have of coupons, as the hot state says it at one moment.

Guarantee   Sees no bucket half split, and finds a record only where a decision would.
KEYS[1]     coupons
KEYS[2]     claims
ARGV        coupon id, user id and bucket, in threes: the number of a bucket to look into if it is not that of the
            user, or '' for that of the user
Returns     for each three the user's records there (see lua/includes/user-coupons.lua) one after the other, or ''
Emits       nothing
Cost        1 call per coupon and 1 per bucket, where those of a bucket come one after the other
]]

--- @include "buckets"

local coupons, claims = KEYS[1], KEYS[2]

local issued_of = {}
local function issued_units(coupon_id)
  issued_of[coupon_id] = issued_of[coupon_id] or tonumber(redis.call('HGET', coupons, coupon_id .. ':issued')) or 0
  return issued_of[coupon_id]
end

local last_field, last_text
local function read_bucket(field)
  if field ~= last_field then
    last_field, last_text = field, redis.call('HGET', claims, field) or ''
  end
  return last_text
end

local function records_of(user_id, text)
  local records, position = {}, 1
  while true do
    local first, last = string.find(text, '|' .. user_id .. ' ', position, true)
    if not first then
      return table.concat(records)
    end
    position = string.find(text, '|', last, true) or #text + 1
    records[#records + 1] = string.sub(text, first, position - 1)
  end
end

local found = {}
for position = 1, #ARGV, 3 do
  local coupon_id, user_id, bucket = ARGV[position], ARGV[position + 1], ARGV[position + 2]
  local own = bucket_field(coupon_id, user_id, bucket_count(issued_units(coupon_id)))
  local field = bucket == '' and own or coupon_id .. ':' .. bucket
  local is_wanted = bucket == '' or field ~= own
  found[#found + 1] = is_wanted and records_of(user_id, read_bucket(field)) or ''
end
return found
