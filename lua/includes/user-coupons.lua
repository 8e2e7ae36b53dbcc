-- The coupons that users have, packed: the hash `claims` has buckets of about 8 user coupons, because a field of its
-- own costs Redis more than what it says. A field `<coupon id>:<bucket>` is the records of its users one after the
-- other, in the order of their ranks, each
--   |<user id> <rank> <issued at><state><expires at>
-- with numbers in hexadecimal, times in ms, nothing behind the state where it never expires, and the state A
-- (available), H (held), U (used) or E (expired). A bucket without records has no field. src/engine/user-coupons.ts
-- reads the same format, and workers/rebuild/coupons.ts writes it.

-- The records of one bucket that stay there when it is split, and those that move to the new one.
local function split_records(bucket, new_bucket, unsplit)
  local kept, moved = {}, {}
  for record, user_id in string.gmatch(bucket, '(|([^ ]+)[^|]+)') do
    local half = hash_of(user_id) % (2 * unsplit) == new_bucket and moved or kept
    half[#half + 1] = record
  end
  return table.concat(kept), table.concat(moved)
end

-- The next record of a user in a bucket, behind a position, or nil. Its state is the byte at `state_at`.
local function next_record(bucket, user_id, position)
  local _, before_rank = string.find(bucket, '|' .. user_id .. ' ', position, true)
  if not before_rank then
    return nil
  end
  local _, last, rank, issued_at, state_at, state, expires_at =
    string.find(bucket, '^([%da-f]+) ([%da-f]+)()(%u)([%da-f]*)', before_rank + 1)
  return {
    rank = tonumber(rank, 16),
    issued_at = tonumber(issued_at, 16),
    expires_at = tonumber(expires_at, 16),
    state = state,
    state_at = state_at,
    last = last,
  }
end

-- What a user has of a coupon that has issued so many units, in the order of the ranks, and the bucket that it is in.
local function read_user_coupons(coupon_id, user_id, issued)
  local field = bucket_field(coupon_id, user_id, bucket_count(issued))
  local bucket = redis.call('HGET', claims, field) or ''
  local list = {}
  local record = next_record(bucket, user_id, 1)
  while record do
    list[#list + 1] = record
    record = next_record(bucket, user_id, record.last + 1)
  end
  return list, { field = field, text = bucket }
end

-- The coupon id and the rank that a user coupon's id is made of, or nil.
local function parse_user_coupon_id(user_coupon_id)
  local coupon_id, rank = string.match(user_coupon_id, '^([%w_-]+)%.([1-9]%d*)$')
  return coupon_id, tonumber(rank)
end

local function of_rank(list, rank)
  for _, record in ipairs(list) do
    if record.rank == rank then
      return record
    end
  end
end

-- The user's coupon of this id and the bucket that it is in, or nil.
local function find_user_coupon(user_coupon_id, user_id)
  local coupon_id, rank = parse_user_coupon_id(user_coupon_id)
  local coupon = coupon_id and read_coupon(coupon_id)
  if not coupon or not coupon.issued then
    return nil
  end
  local list, bucket = read_user_coupons(coupon_id, user_id, coupon.issued)
  return of_rank(list, rank), bucket
end

-- Whether the time of a user coupon has passed.
local function has_lapsed(record)
  return record.expires_at and now_ms >= record.expires_at
end

-- Moves a user coupon that was found in a bucket to a state. All other bytes of the bucket stay.
local function set_user_coupon_state(record, bucket, state)
  local before, after = string.sub(bucket.text, 1, record.state_at - 1), string.sub(bucket.text, record.state_at + 1)
  redis.call('HSET', claims, bucket.field, before .. state .. after)
end

-- Puts the record of a unit that makes the number of issued ones `issued` behind the others in its bucket, and where
-- that number takes one more bucket, splits the one whose turn it is.
local function add_record(record, bucket, coupon_id, issued)
  local text, count = bucket.text .. record, bucket_count(issued)
  if count == bucket_count(issued - 1) then
    redis.call('HSET', claims, bucket.field, text)
    return
  end
  local new_bucket = count - 1
  local unsplit = unsplit_count(new_bucket)
  local field = field_of(coupon_id, new_bucket - unsplit)
  if field ~= bucket.field then
    redis.call('HSET', claims, bucket.field, text)
    text = redis.call('HGET', claims, field) or ''
  end
  local kept, moved = split_records(text, new_bucket, unsplit)
  if kept == '' then
    redis.call('HDEL', claims, field)
  else
    redis.call('HSET', claims, field, kept)
  end
  if moved ~= '' then
    redis.call('HSET', claims, field_of(coupon_id, new_bucket), moved)
  end
end
