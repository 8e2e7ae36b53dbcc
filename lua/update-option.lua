--[[
update-option: changes the price, the limit per user, the sale window or the hold of an option.

Guarantee   Orders that are placed keep their price and their deadline: they carry both. Stock is not touched.
ARGV        option_id
            changes    JSON of price (minor units), perUserLimit (units), saleStartsAt, saleEndsAt and holdMs (ms), as
                       far as they change, null takes one away; reason: the operator's words on the price
Returns     option_not_found
            invalid_window    the sale would end before it starts
            unchanged         it is as asked for already; with the product id
            backlog_full
            updated           with the product id
Emits       option_updated
Cost        3 calls
]]
local option_id, changes = ...
changes = cjson.decode(changes)
local reason = changes.reason
changes.reason = nil

local record = redis.call('HGET', options, option_id)
if not record or string.sub(record, 1, 1) ~= '{' then
  return { 'option_not_found' }
end
local facts = cjson.decode(record)
local old_price = facts.price
local is_changed = apply_changes(facts, changes)
if is_backwards(facts.saleStartsAt, facts.saleEndsAt) then
  return { 'invalid_window' }
end
if not is_changed then
  return { 'unchanged', facts.productId }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

must_succeed()
write_option_facts({ option_id, cjson.encode(facts) })
append_event('option_updated', cjson.encode({
  optionId = option_id,
  productId = facts.productId,
  oldPrice = old_price,
  price = facts.price,
  reason = reason,
  perUserLimit = facts.perUserLimit,
  saleStartsAt = facts.saleStartsAt,
  saleEndsAt = facts.saleEndsAt,
  holdMs = facts.holdMs,
  at = now_ms,
}))
return { 'updated', facts.productId }
