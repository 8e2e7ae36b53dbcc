#!lua flags=allow-oom
--[[
trim-outbox: drops the events that Postgres has.

Guarantee   Drops no event above the committed one. Dropping again does nothing. It works in a closed shop and in a
            full Redis too, because it is what makes room.
KEYS        Every key of the shop, in the order of src/redis/keys.ts.
ARGV[1]     event_id: of the last event that Postgres has committed, ms-seq
ARGV[2…]    user ids of the users with an order event among the committed ones; no user twice
Returns     lost       the outbox is missing
            trimmed    with the number of events dropped, the epoch or 0, how many events ever left the outbox, and how
                       many keys of the shop are missing
Emits       nothing
Cost        O(events dropped and users), 9 calls
]]

--- @keys

if redis.call('EXISTS', outbox) == 0 then
  return { 'lost' }
end

local committed_ms, committed_seq = string.match(ARGV[1], '^(%d+)-(%d+)$')
committed_ms, committed_seq = tonumber(committed_ms), tonumber(committed_seq)

local function is_committed(ms, seq)
  ms = tonumber(ms)
  return ms < committed_ms or (ms == committed_ms and tonumber(seq) <= committed_seq)
end

-- What is left of the recent events of a user, which stand newest first; '' for nothing.
local function events_left(recent)
  local length = 0
  for entry, ms, seq in string.gmatch(recent, '((%d+)%-(%d+) )') do
    if is_committed(ms, seq) then
      break
    end
    length = length + #entry
  end
  return string.sub(recent, 1, length)
end

if #ARGV > 1 then
  -- One call per kind for all users: a call each costs as much as the rest of their trim.
  local user_ids = { unpack(ARGV, 2) }
  local done, left = {}, {}
  for number, recent in ipairs(redis.call('HMGET', recents, unpack(user_ids))) do
    local text = events_left(recent or '')
    if text == '' then
      done[#done + 1] = user_ids[number]
    elseif text ~= recent then
      left[#left + 1] = user_ids[number]
      left[#left + 1] = text
    end
  end
  if #done > 0 then
    redis.call('HDEL', recents, unpack(done))
  end
  if #left > 0 then
    redis.call('HSET', recents, unpack(left))
  end
end
local first_left = string.format('%d-%d', committed_ms, committed_seq + 1)
local trimmed = redis.call('XTRIM', outbox, 'MINID', '=', first_left)

local info = redis.call('XINFO', 'STREAM', outbox)
local length, added
for position = 1, #info, 2 do
  if info[position] == 'length' then
    length = info[position + 1]
  elseif info[position] == 'entries-added' then
    added = info[position + 1]
  end
end
local epoch, before = unpack(redis.call('HMGET', meta, 'epoch', 'trimmed'))
local before_ms, before_seq = string.match(before or '0-0', '^(%d+)-(%d+)$')
before_ms, before_seq = tonumber(before_ms), tonumber(before_seq)
-- Who looks for an older event knows then that it is not lost.
if epoch and (committed_ms > before_ms or (committed_ms == before_ms and committed_seq > before_seq)) then
  redis.call('HSET', meta, 'trimmed', ARGV[1])
end
local missing = #KEYS - 1 - redis.call('EXISTS', unpack(KEYS, 1, #KEYS - 1))
return { 'trimmed', trimmed, tonumber(epoch) or 0, added - length, missing }
