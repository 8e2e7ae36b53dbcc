--[[
adjust-stock: adds units to an option's stock or takes free ones out.

Guarantee   Never takes out a unit that is on hold or sold. A product that was said to be out of stock is on sale
            again once units come in. The record of the adjustment is the record of its idempotency key: a
            repeated request adjusts once.
ARGV        operation_id   (22 characters) derived from the idempotency key
            fingerprint    of the request body
            option_id
            change         (units) to add, or below zero to take out
            reason         the operator's words
            stock_max      (units) that may be free at most
Returns     idempotency_key_reused  the key came with another body
            replayed                the first adjustment
            option_not_found
            shop_closed             the option's counter is missing, or an option of its product
            insufficient_stock      fewer units are free
            stock_limit             more would be free than may be
            backlog_full
            adjusted                the adjustment, JSON of `stockAdjustment` in src/domain/events.ts
Emits       order_expired for every hold that it reaps, product_updated for one that is on sale again, then
            stock_adjusted
Cost        5 calls; 5 more where the product is on sale again; 8 more per reaped hold
]]
local operation_id, fingerprint, option_id, change, reason, stock_max = ...
change = tonumber(change)

local record = redis.call('HGET', operations, operation_id)
if record then
  if cjson.decode(record).fingerprint ~= fingerprint then
    return { 'idempotency_key_reused' }
  end
  return { 'replayed', record }
end

local function read_free()
  local stored = redis.call('HMGET', options, option_id, option_id .. ':free')
  return stored[1], tonumber(stored[2])
end

local facts, free = read_free()
if not facts then
  return { 'option_not_found' }
end
if not free then
  return { 'shop_closed' }
end
if free + change < 0 then
  local _, more_are_left = reap_holds()
  facts, free = read_free()
  if free + change < 0 then
    return more_are_left and ask_again() or { 'insufficient_stock' }
  end
end
if free + change > tonumber(stock_max) then
  return { 'stock_limit' }
end
local product, options_facts
if change > 0 and parse_facts(facts).status == 'OUT_OF_STOCK' then
  product, options_facts = read_product(parse_facts(facts).productId)
  if not options_facts then
    return { 'shop_closed' }
  end
end
if backlog_is_full() then
  return { 'backlog_full' }
end

local adjustment = cjson.encode({
  id = operation_id,
  fingerprint = fingerprint,
  optionId = option_id,
  change = change,
  reason = reason,
  stock = free + change,
  at = now_ms,
})

must_succeed()
add_units(option_id, 'free', change)
redis.call('HSET', operations, operation_id, adjustment)
if product then
  product.status = 'ACTIVE'
  write_product(product, options_facts)
end
append_event('stock_adjusted', adjustment)
return { 'adjusted', adjustment }
