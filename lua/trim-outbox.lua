--[[
trim-outbox: drops the events that Postgres has.

Guarantee   Drops no event above the committed one. Dropping again does nothing.
ARGV        event_id   of the last event that Postgres has committed: ms-seq
            orders     user id and operation id of every order with an event among the committed ones
Returns     trimmed    the number of events dropped
Emits       nothing
Cost        O(events dropped), and 2 calls per order
]]
local event_id = ...
local pairs_of_ids = { select(2, ...) }
local committed_ms, committed_seq = string.match(event_id, '^(%d+)-(%d+)$')
committed_ms, committed_seq = tonumber(committed_ms), tonumber(committed_seq)

local function is_committed(entry)
  local ms, seq = string.match(entry, '=(%d+)-(%d+)$')
  ms, seq = tonumber(ms), tonumber(seq)
  return ms < committed_ms or (ms == committed_ms and seq <= committed_seq)
end

for position = 1, #pairs_of_ids, 2 do
  local user_id, operation_id = pairs_of_ids[position], pairs_of_ids[position + 1]
  local left = {}
  for entry in string.gmatch(redis.call('HGET', recents, user_id) or '', '%S+') do
    local is_ours = string.sub(entry, 1, #operation_id + 1) == operation_id .. '='
    if not (is_ours and is_committed(entry)) then
      left[#left + 1] = entry
    end
  end
  if #left == 0 then
    redis.call('HDEL', recents, user_id)
  else
    redis.call('HSET', recents, user_id, table.concat(left, ' '))
  end
end
local first_left = string.format('%d-%d', committed_ms, committed_seq + 1)
return { 'trimmed', redis.call('XTRIM', outbox, 'MINID', '=', first_left) }
