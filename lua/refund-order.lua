--[[
refund-order: pays back a completed order, or a part of it.

Guarantee   The refunds of an item never exceed what was paid for it, and all of them together are exactly that. The
            record of the refund is the record of its idempotency key: a repeated request pays back once.
ARGV        operation_id       (22 characters) derived from the idempotency key
            fingerprint        of the request body
            order_id
            restock            '1' to put the units back on sale, '0' where they are gone
            stored_order       JSON of `order` in src/domain/events.ts as Postgres has it, or '' to look in Redis only
            stored_event       id of the last event of the order that Postgres had then
            balance_max        (minor units) that no balance may exceed
            ranking_days_max   (days) that popular products reach back, today included
            parts              order item id and quantity of every part, no item twice; none for all that is left
Returns     idempotency_key_reused  the key came with another body
            replayed                the first refund
            order_needed            its newest state is neither in Redis nor given; Postgres has it, or nobody
            order_item_not_found
            nothing_to_refund       it is not paid, or less of an item is left
            balance_limit
            backlog_full
            refunded                the refund, JSON of `refund` in src/domain/events.ts
Emits       order_refunded
Cost        9 calls and 4 to 6 more per part; 4 more where a coupon is restored
]]
local operation_id, fingerprint, order_id, restock, stored_order, stored_event, balance_max, ranking_days_max = ...
local arguments = { select(9, ...) }

local record = redis.call('HGET', operations, operation_id)
if record then
  if cjson.decode(record).fingerprint ~= fingerprint then
    return { 'idempotency_key_reused' }
  end
  return { 'replayed', record }
end

local kept, home, field = find_kept_order(order_id)
local order = kept and newest_state(kept)
-- What is given may be older than what is kept: another refund may have been decided and persisted since it was read.
if not order and stored_order ~= '' and (not kept or kept.event_id == stored_event) then
  order = cjson.decode(stored_order)
end
if not order then
  return { 'order_needed' }
end

local wanted = {}
for position = 1, #arguments, 2 do
  wanted[arguments[position]] = tonumber(arguments[position + 1])
end
local parts, amount = {}, 0
for _, item in ipairs(order.items) do
  local refunded = item.refundedQuantity or 0
  local quantity = wanted[item.id]
  wanted[item.id] = nil
  if #arguments == 0 then
    quantity = item.quantity - refunded
  end
  if quantity and quantity > 0 then
    -- From what is refunded of the item in all, so that the parts sum to what was paid for it.
    local paid = item.subtotal - item.discountAmount
    local due = multiply_divide(paid, math.min(refunded + quantity, item.quantity), item.quantity)
    local part = { item = item, quantity = quantity, amount = due - (item.refundedAmount or 0) }
    part.is_left = refunded + quantity <= item.quantity
    parts[#parts + 1] = part
    amount = amount + part.amount
  end
end
if next(wanted) then
  return { 'order_item_not_found' }
end

local function can_be_refunded()
  for _, part in ipairs(parts) do
    if not part.is_left then
      return false
    end
  end
  return order.status == 'COMPLETED' and #parts > 0
end

if not can_be_refunded() then
  return { 'nothing_to_refund' }
end
local before = tonumber(redis.call('HGET', balances, order.userId) or 0)
if before + amount > tonumber(balance_max) then
  return { 'balance_limit' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

local refund = {
  -- A key that is used again after its record was dropped makes another refund.
  id = now_hex .. operation_id,
  fingerprint = fingerprint,
  orderId = order_id,
  userId = order.userId,
  amount = amount,
  restock = restock == '1',
  items = {},
  at = now_ms,
}
for number, part in ipairs(parts) do
  local item, quantity = part.item, part.quantity
  refund.items[number] = { orderItemId = item.id, quantity = quantity, amount = part.amount }
  item.refundedQuantity = (item.refundedQuantity or 0) + quantity
  item.refundedAmount = (item.refundedAmount or 0) + part.amount
  item.restockedQuantity = (item.restockedQuantity or 0) + (refund.restock and quantity or 0)
end
local is_whole = true
for _, item in ipairs(order.items) do
  is_whole = is_whole and item.refundedQuantity == item.quantity
end
order.status = is_whole and 'REFUNDED' or 'COMPLETED'
order.payment.status = is_whole and 'REFUNDED' or 'PARTIALLY_REFUNDED'
order.refundedAmount = (order.refundedAmount or 0) + amount
refund.orderStatus = order.status
order.refund = refund
-- Both tell what this decision changed.
order.userCouponStatus, order.balanceChange = nil, nil
if amount > 0 then
  order.balanceChange = {
    id = refund.id,
    amount = amount,
    beforeAmount = before,
    afterAmount = before + amount,
  }
end

must_succeed()
-- A ranking has no product that nobody bought, so it is brought up to date before units leave it.
write_sums()
if is_whole and order.userCouponId and restore_coupon(order) then
  redis.call('HINCRBY', coupons, parse_user_coupon_id(order.userCouponId) .. ':used', -1)
end
local paid_at = order.payment.paidAt
local is_ranked = math.floor(now_ms / 86400000) - math.floor(paid_at / 86400000) < tonumber(ranking_days_max)
for _, part in ipairs(parts) do
  local item, quantity = part.item, part.quantity
  if refund.restock then
    add_units(item.optionId, 'free', quantity)
    add_units(item.optionId, 'sold', -quantity)
  end
  reduce_purchases(item.optionId, order.userId, quantity)
  if is_ranked then
    local ranking = sales .. utc_day(paid_at)
    if tonumber(redis.call('ZINCRBY', ranking, -quantity, item.productId)) <= 0 then
      redis.call('ZREM', ranking, item.productId)
    end
  end
end
if amount > 0 then
  redis.call('HINCRBY', balances, order.userId, amount)
end
local refund_record = cjson.encode(refund)
redis.call('HSET', operations, operation_id, refund_record)
write_order(order, cjson.encode(order), 'order_refunded', home, field)
return { 'refunded', refund_record }
