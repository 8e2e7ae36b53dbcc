-- What Redis keeps of an order, under the id of its operation. A pending order is its JSON. A finished one is a stub
-- of about 25 characters: the 11 digits of time that its id begins with, the first 8 of its fingerprint, and the id of
-- its last event, `<ms>-<sequence>`, with the ms counted from the order's own time. The order itself is the data of
-- that event, which is in the outbox until Postgres has it. src/engine/order-stub.ts reads the same format. Up to 30
-- characters take 32 bytes; 48 bits of a fingerprint are enough to notice that a key came with another body.

local function short_fingerprint(fingerprint)
  return string.sub(fingerprint, 1, 8)
end

local function stub_of(order, event_id)
  local time = string.sub(order.id, 1, 11)
  local ms, sequence = string.match(event_id, '^(%d+)%-(%d+)$')
  local event = string.format('%d-%s', ms - tonumber(time, 16), sequence)
  return time .. short_fingerprint(order.fingerprint) .. event
end

-- What is kept at a field of `orders` or `operations`, nil for nothing: the order's id and short fingerprint, and its
-- newest state as `order` and as JSON, or for a finished order the id of the event that has it.
local function read_kept_order(key, field)
  local text = redis.call('HGET', key, field)
  if not text then
    return nil
  end
  if string.sub(text, 1, 1) == '{' then
    local order = cjson.decode(text)
    return { id = order.id, fingerprint = short_fingerprint(order.fingerprint), order = order, record = text }
  end
  local time = string.sub(text, 1, 11)
  local ms, sequence = string.match(text, '^(%-?%d+)%-(%d+)$', 20)
  return {
    id = time .. string.sub(field, -22),
    fingerprint = string.sub(text, 12, 19),
    event_id = string.format('%d-%s', tonumber(time, 16) + ms, sequence),
  }
end

-- Finds what is kept of an order, and returns with it the key and the field where it is, or belongs. Its place in
-- `orders` is that of its idempotency key. An order whose record was dropped may find another one there, so if it is
-- refunded later, it is kept under its own id in `operations`.
local function find_kept_order(order_id)
  local operation_id = string.sub(order_id, 12)
  local kept = read_kept_order(orders, operation_id)
  if kept and kept.id == order_id then
    return kept, orders, operation_id
  end
  kept = read_kept_order(operations, order_id)
  return kept and kept.id == order_id and kept or nil, operations, order_id
end

-- The newest state of an order, decoded and as JSON; nil where only Postgres has it any more.
local function newest_state(kept)
  if kept.record then
    return kept.order, kept.record
  end
  local entry = redis.call('XRANGE', outbox, kept.event_id, kept.event_id)[1]
  if entry then
    local record = entry[2][6]
    return cjson.decode(record), record
  end
end

-- Tells Postgres an order's new state, whose JSON is `record`, stores what Redis keeps of it at a field of `orders` or
-- `operations`, and returns the JSON.
local function write_order(order, record, event_type, key, field)
  if order.status == 'PENDING' then
    redis.call('HSET', key, field, record)
  end
  local event_id = append_event(event_type, record)
  if order.status ~= 'PENDING' then
    -- A stub names its event, so it comes after it. Were it missing, a repeated request would be another order: as
    -- long as it is, the decision is half done. The rebuild then finds the event, and writes the stub.
    must_succeed()
    redis.call('HSET', key, field, stub_of(order, event_id))
    is_half_done = false
  end
  note_recent(order.userId, event_id)
  return record
end
