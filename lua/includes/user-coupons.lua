-- The coupons of one user of one coupon, as one field of `claims`: records joined by `|`, each
--   rank issued_at expires_at state
-- with times in ms, expires_at 0 for never, and the state A (available), H (held), U (used) or E (expired); H and
-- U are followed at once by the operation id of the order. src/engine/user-coupons.ts reads the same format.

-- Two fields may not share a name: a coupon id and a user id never contain a colon.
local function claims_field(coupon_id, user_id)
  return coupon_id .. ':' .. user_id
end

-- The user's coupons in the order of their ranks.
local function read_user_coupons(coupon_id, user_id)
  local text = redis.call('HGET', claims, claims_field(coupon_id, user_id))
  local list = {}
  for rank, issued_at, expires_at, state, operation_id in
    string.gmatch(text or '', '(%d+) (%d+) (%d+) (%u)([^|]*)')
  do
    list[#list + 1] = {
      rank = rank,
      issued_at = issued_at,
      expires_at = expires_at,
      state = state,
      operation_id = operation_id,
    }
  end
  return list
end

local function write_user_coupons(coupon_id, user_id, list)
  local records = {}
  for position, entry in ipairs(list) do
    local state = entry.state .. entry.operation_id
    records[position] = table.concat({ entry.rank, entry.issued_at, entry.expires_at, state }, ' ')
  end
  redis.call('HSET', claims, claims_field(coupon_id, user_id), table.concat(records, '|'))
end

-- The coupon id and the rank that a user coupon's id is made of.
local function parse_user_coupon_id(user_coupon_id)
  return string.match(user_coupon_id, '^([%w_-]+)%.(%d+)$')
end

local function find_user_coupon(list, rank)
  for _, entry in ipairs(list) do
    if entry.rank == rank then
      return entry
    end
  end
end

-- Whether the time of a user coupon has passed.
local function has_lapsed(entry)
  return entry.expires_at ~= '0' and now_ms >= tonumber(entry.expires_at)
end

-- Moves one user coupon to a state. An order that holds or used it is named by its operation id, else ''.
local function set_user_coupon_state(user_coupon_id, user_id, state, operation_id)
  local coupon_id, rank = parse_user_coupon_id(user_coupon_id)
  local list = read_user_coupons(coupon_id, user_id)
  local entry = find_user_coupon(list, rank)
  entry.state, entry.operation_id = state, operation_id
  write_user_coupons(coupon_id, user_id, list)
end
