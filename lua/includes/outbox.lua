-- The outbox: what the decisions of this batch tell Postgres, in the order in which they were made.

-- Redis does not roll back: from here on a decision only writes, and its event is the last write that matters. A
-- fault in between closes the shop, because half a decision without an event is what a rebuild undoes.
local is_half_done = false
local function must_succeed()
  is_half_done = true
end

-- The W3C traceparent of the request whose command is decided, or nil where it is not traced.
local traceparent

-- Appends one event. `data` is JSON of the shape that src/domain/events.ts gives to `event_type`. One that a traced
-- request causes leads the drain to its trace.
local function append_event(event_type, data)
  local event_id
  if traceparent then
    event_id = redis.call('XADD', outbox, '*', 'type', event_type, 'v', '1', 'data', data, 'traceparent', traceparent)
  else
    event_id = redis.call('XADD', outbox, '*', 'type', event_type, 'v', '1', 'data', data)
  end
  appended, last_event_id, is_half_done = appended + 1, event_id, false
  return event_id
end

-- A user's recent orders are a text, so a user with many of them must not make every next order dearer. About 260
-- entries; an order has one to three, and the largest page of his list 100 orders.
local recent_length_max = 4500

-- Notes that an order of the user has an event that is not in Postgres yet, so that his list shows it at once. The
-- newest entry stands first.
local function note_recent(user_id, event_id)
  local entry = event_id .. ' '
  -- Most buyers have no other: one call for them instead of two.
  if redis.call('HSETNX', recents, user_id, entry) == 1 then
    return
  end
  local recent = entry .. redis.call('HGET', recents, user_id)
  if #recent > recent_length_max then
    recent = string.match(string.sub(recent, 1, recent_length_max), '^.* ')
  end
  redis.call('HSET', recents, user_id, recent)
end
