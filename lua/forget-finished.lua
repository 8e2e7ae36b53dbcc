#!lua flags=allow-oom
--[[
forget-finished: drops records that no repeated request can ask for any more.

Guarantee   Drops no pending order, nothing younger than the retention of idempotency keys, and nothing that Postgres
            does not have; of the rankings those of days that nobody can ask for any more. Each call looks at a
            part of the records and goes on where the last one ended. It works in a full Redis, because it makes room.
KEYS        Every key of the shop, in the order of src/redis/keys.ts.
ARGV[1]     retention_ms (ms) from the end of an operation until its record may go
ARGV[2]     scanned_max (records) to look at in each of the two hashes, about
ARGV[3]     ranking_days_max (days) that popular products reach back, today included
Returns     -1 where the shop is closed or a key of it is missing, else the number of records dropped
Emits       nothing
Cost        O(scanned_max), and 32 calls for rankings
]]

--- @keys

local retention_ms, scanned_max, ranking_days_max = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

if redis.call('EXISTS', unpack(KEYS, 1, #KEYS - 1)) < #KEYS - 1 or redis.call('HGET', meta, 'state') ~= 'open' then
  return -1
end

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

--- @include "calendar"

-- An event bears the time of its decision, give or take the moment between two looks at the clock.
local oldest_event = redis.call('XRANGE', outbox, '-', '+', 'COUNT', 1)[1]
local persisted_until = oldest_event and tonumber(string.match(oldest_event[1], '^%d+')) - 1000 or now_ms
local forget_before = math.min(now_ms - retention_ms, persisted_until)

-- The time of the last thing that happened to an order, a charge, an adjustment or a refund; nil for a pending order,
-- and for the sentinel.
local function ended_at(text)
  local ms = string.match(text, '^(%-?%d+)%-%d+$', 20)
  if ms then
    -- What is kept of a finished order, as lua/includes/order-records.lua writes it.
    return tonumber(string.sub(text, 1, 11), 16) + ms
  end
  local record = string.sub(text, 1, 1) == '{' and cjson.decode(text) or {}
  -- The latter ones are those of finished orders that an earlier version left.
  return record.at
    or (record.refund and record.refund.at)
    or record.cancelledAt
    or (record.payment and record.payment.paidAt)
end

local function forget_in(key, cursor_field)
  local cursor = redis.call('HGET', meta, cursor_field) or '0'
  local scanned = redis.call('HSCAN', key, cursor, 'COUNT', scanned_max)
  local entries, dropped = scanned[2], 0
  for position = 1, #entries, 2 do
    local operation_id, text = entries[position], entries[position + 1]
    local ended = ended_at(text)
    if ended and ended < forget_before then
      redis.call('HDEL', key, operation_id)
      dropped = dropped + 1
    end
  end
  redis.call('HSET', meta, cursor_field, scanned[1])
  return dropped
end

-- The upkeep comes by every second, and a worker that was away for a month finds the rest.
for days_ago = ranking_days_max, ranking_days_max + 31 do
  redis.call('DEL', sales .. utc_day(now_ms - days_ago * 86400000))
end
return forget_in(orders, 'ordersCursor') + forget_in(operations, 'operationsCursor')
