-- The outbox: what the decisions of this batch tell Postgres, in the order in which they were made.

-- Appends one event. `data` is JSON of the shape that src/domain/events.ts gives to `event_type`.
local function append_event(event_type, data)
  appended = appended + 1
  return redis.call('XADD', outbox, '*', 'type', event_type, 'v', '1', 'data', data)
end

-- Notes that an order of the user has an event that is not in Postgres yet, so that his list shows it at once.
local function note_recent(user_id, operation_id, event_id)
  local recent = redis.call('HGET', recents, user_id)
  local entries = { operation_id .. '=' .. event_id }
  for entry in string.gmatch(recent or '', '%S+') do
    if string.sub(entry, 1, #operation_id + 1) ~= operation_id .. '=' then
      entries[#entries + 1] = entry
    end
  end
  redis.call('HSET', recents, user_id, table.concat(entries, ' '))
end
