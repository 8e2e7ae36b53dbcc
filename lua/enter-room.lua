#!lua
--[[
enter-room: gives a user a place before a coupon or an option, and admits as many as there are units left for.

Guarantee   Places are admitted in their order, no faster than the rate, and never more at a time than units are left
            that nobody else is admitted for. A user has one place however often he asks. It decides nothing: a pass
            only opens the way to a decision.
KEYS[1]     rooms (hash) · `<kind>:<id>` → the room (JSON)
KEYS[2]     stock (hash) · the hot coupons or options of the shop
KEYS[3]     places (hash) · user id → place; `#last` → the newest place; `#admitted` → the last that was admitted; `#at`
            → the time up to which the rate has been used (ms)
KEYS[4]     turns (sorted set) · admitted places whose user has not come for his pass, by when he must have (ms)
KEYS[5]     passes (sorted set) · user ids by the end of their pass (ms)
ARGV[1]     target: `<kind>:<id>`
ARGV[2]     user_id
ARGV[3]     turn_ms (ms) for which an admitted place waits for its user
ARGV[4]     kept_ms (ms) for which places are kept after the last entry
ARGV[5]     moved_max (places) that one call admits, and as many passes that it ends
Returns     no_room    nothing stands before it, or there is nothing of this id
            sold_out
            admitted   with the end of the pass (ms)
            waiting    with the users before him, the units left, and how many of these somebody is admitted for
Emits       nothing
Cost        10 calls, 1 for each place that is admitted, and 2 for each pass that has ended
]]
local rooms, stock, places, turns, passes = unpack(KEYS)
local target, user_id = ARGV[1], ARGV[2]
local turn_ms, kept_ms, moved_max = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

-- The units that can be had now, and whether none will come back by itself; nil where there is no such thing.
local function units_left()
  local kind, id = string.match(target, '^(%l+):(.+)$')
  if kind == 'coupon' then
    local facts, issued = unpack(redis.call('HMGET', stock, id, id .. ':issued'))
    if not facts or not issued then
      return nil
    end
    local left = cjson.decode(facts).totalQuantity - issued
    return left, left <= 0
  end
  local free, held = unpack(redis.call('HMGET', stock, id .. ':free', id .. ':held'))
  if not free then
    return nil
  end
  return tonumber(free), free + (held or 0) <= 0
end

local room = redis.call('HGET', rooms, target)
local left, is_sold_out = units_left()
if not room or not left then
  return { 'no_room' }
end
if is_sold_out then
  return { 'sold_out' }
end
room = cjson.decode(room)
local rate, pass_ms = room.admitPerSecond, room.passMs

-- Whoever let his pass or his turn lapse begins again behind the others, or a few could keep all from coming in.
for _, lapsed in ipairs(redis.call('ZRANGEBYSCORE', passes, '-inf', now_ms, 'LIMIT', 0, moved_max)) do
  redis.call('ZREM', passes, lapsed)
  redis.call('HDEL', places, lapsed)
end
redis.call('ZREMRANGEBYSCORE', turns, '-inf', now_ms)

local until_ms = redis.call('ZSCORE', passes, user_id)
if until_ms then
  return { 'admitted', tonumber(until_ms) }
end

local last, admitted, at, place = unpack(redis.call('HMGET', places, '#last', '#admitted', '#at', user_id))
last, admitted, place = tonumber(last) or 0, tonumber(admitted) or 0, tonumber(place)
local has_turn = place and redis.call('ZSCORE', turns, place)
if not place or (place <= admitted and not has_turn) then
  last = last + 1
  place = last
  redis.call('HSET', places, '#last', last, user_id, place)
end

local spoken_for = redis.call('ZCARD', passes) + redis.call('ZCARD', turns)
-- What was not used for a second is not made up for: that would be a rush.
at = math.max(tonumber(at) or now_ms - 1000, now_ms - 1000)
local allowed = math.floor((now_ms - at) * rate / 1000)
local count = math.min(allowed, left - spoken_for, last - admitted, moved_max)
if count > 0 then
  for number = admitted + 1, admitted + count do
    redis.call('ZADD', turns, now_ms + turn_ms, number)
  end
  admitted = admitted + count
  spoken_for = spoken_for + count
  redis.call('HSET', places, '#admitted', admitted, '#at', string.format('%.3f', at + count * 1000 / rate))
end
for _, key in ipairs({ places, turns, passes }) do
  redis.call('PEXPIRE', key, kept_ms)
end
if redis.call('ZREM', turns, place) == 0 then
  return { 'waiting', place - admitted - 1, left, spoken_for }
end
redis.call('ZADD', passes, now_ms + pass_ms, user_id)
redis.call('PEXPIRE', passes, kept_ms)
return { 'admitted', now_ms + pass_ms }
