-- What a batch has read of options and coupons. Most commands of a sale ask for the same few, and nobody else writes
-- while a script runs, so what was read holds until this batch changes it: whoever writes one of them says so here.
-- Counted in instructions of Redis, a claim takes 7 % less and an order with a coupon 9 %.

-- By the option's id: `facts`, which nobody may write to, and its units `free`, `held` and `sold`; each nil where it is
-- missing.
local known_options = {}

-- Reads options, all that are not known yet in one call.
local function read_options(option_ids)
  local unknown, fields = {}, {}
  for _, option_id in ipairs(option_ids) do
    if not known_options[option_id] then
      local last = #fields
      unknown[#unknown + 1] = option_id
      fields[last + 1] = option_id
      fields[last + 2] = option_id .. ':free'
      fields[last + 3] = option_id .. ':held'
      fields[last + 4] = option_id .. ':sold'
    end
  end
  local stored = #fields > 0 and redis.call('HMGET', options, unpack(fields))
  for number, option_id in ipairs(unknown) do
    local facts = stored[number * 4 - 3]
    known_options[option_id] = {
      facts = facts and parse_facts(facts),
      free = tonumber(stored[number * 4 - 2]),
      held = tonumber(stored[number * 4 - 1]),
      sold = tonumber(stored[number * 4]),
    }
  end
  local list = {}
  for number, option_id in ipairs(option_ids) do
    list[number] = known_options[option_id]
  end
  return list
end

-- Adds to the units of an option; `counter` is free, held or sold.
local function add_units(option_id, counter, units)
  known_options[option_id] = nil
  redis.call('HINCRBY', options, option_id .. ':' .. counter, string.format('%d', units))
end

-- Stores the facts of options: option id, JSON, option id, JSON …
local function write_option_facts(fields)
  known_options = {}
  redis.call('HSET', options, unpack(fields))
end

-- By the coupon's id: `facts`, which nobody may write to, the number of `issued` units, nil where it is missing, and
-- when it was announced that it will be raised (`announced_at`, ms), nil where it will not.
local known_coupons = {}

-- An announcement that nobody came back to says nothing any more.
local announcement_max_ms = 10000

-- Reads a coupon; nil where there is none.
local function read_coupon(coupon_id)
  local coupon = known_coupons[coupon_id]
  if not coupon then
    local stored = redis.call('HMGET', coupons, coupon_id, coupon_id .. ':issued', coupon_id .. ':raising')
    if not stored[1] then
      return nil
    end
    local announced_at = stored[3] and tonumber(stored[3])
    if announced_at and now_ms - announced_at > announcement_max_ms then
      announced_at = nil
    end
    coupon = { facts = parse_facts(stored[1]), issued = tonumber(stored[2]), announced_at = announced_at }
    known_coupons[coupon_id] = coupon
  end
  return coupon
end

-- Takes the next unit of a coupon that was read, and returns its rank.
local function issue_unit(coupon_id)
  local rank = redis.call('HINCRBY', coupons, coupon_id .. ':issued', '1')
  known_coupons[coupon_id].issued = rank
  return rank
end

-- Notes that a sold-out coupon is about to be raised.
local function announce_raise(coupon_id)
  known_coupons[coupon_id] = nil
  redis.call('HSET', coupons, coupon_id .. ':raising', string.format('%d', now_ms))
end

-- Stores the changed facts of a coupon.
local function write_coupon_facts(coupon_id, facts)
  known_coupons[coupon_id] = nil
  redis.call('HSET', coupons, coupon_id, facts)
end
