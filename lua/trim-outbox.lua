--[[
trim-outbox: drops the events that Postgres has.

Guarantee   Drops no event above the committed one. Dropping again does nothing.
ARGV        event_id   of the last event that Postgres has committed: ms-seq
            user_ids   of the users with an order event among the committed ones; no user twice
Returns     trimmed    the number of events dropped
Emits       nothing
Cost        O(events dropped), and 2 calls per user
]]
local event_id = ...
local user_ids = { select(2, ...) }
local committed_ms, committed_seq = string.match(event_id, '^(%d+)-(%d+)$')
committed_ms, committed_seq = tonumber(committed_ms), tonumber(committed_seq)

for _, user_id in ipairs(user_ids) do
  local left = {}
  for entry, ms, seq in string.gmatch(redis.call('HGET', recents, user_id) or '', '(%S+=(%d+)%-(%d+) )') do
    ms, seq = tonumber(ms), tonumber(seq)
    if ms > committed_ms or (ms == committed_ms and seq > committed_seq) then
      left[#left + 1] = entry
    end
  end
  if #left == 0 then
    redis.call('HDEL', recents, user_id)
  else
    redis.call('HSET', recents, user_id, table.concat(left))
  end
end
local first_left = string.format('%d-%d', committed_ms, committed_seq + 1)
return { 'trimmed', redis.call('XTRIM', outbox, 'MINID', '=', first_left) }
