--[[
place-order: takes every line of an order, its coupon and, if asked to, its payment, or nothing at all.

Guarantee   Never sells more than the stock, never takes a balance below zero, never uses a user coupon twice. What
            is kept of the order is the record of its idempotency key: a repeated request gets the first order.
ARGV        operation_id     (22 characters) derived from the idempotency key
            fingerprint      of the request body
            user_id
            user_coupon_id   or '' for none
            expected_amount  (minor units) or '' for any
            pay              '1' to pay now, '0' to hold
            from_cart        '1' to take the lines of the user's cart, '0' for those that follow
            lines            option id and quantity of every line; no option twice
Returns     idempotency_key_reused  the key came with another body
            persisted               the key's order, which only Postgres has any more; with its id
            replayed                the key's order as it is now, JSON: src/engine/place-order.ts restores the answer
            cart_empty
            option_not_found
            shop_closed             a counter of an option is missing
            product_inactive
            not_started
            ended
            per_user_limit
            sold_out                not even the units on hold would do
            held                    units on hold may lapse; with the ms until the shop's next deadline
            coupon_unavailable      not the user's, used, on hold or expired
            min_order_amount
            amount_changed          with original, discount and final amount (minor units)
            insufficient_balance
            backlog_full
            placed                  the order's record, JSON of `order` in src/domain/events.ts
Emits       order_expired for every hold that it reaps, then order_placed
Cost        6 calls, 1 more for payment and one per line; 1 for a limit per user, 2 for a cart, 2 for a coupon; in a
            batch 1 for the first of its options and its coupon, and of all that is paid one per product and coupon;
            8 per reaped hold
]]
local operation_id, fingerprint, user_id, user_coupon_id, expected_amount, pay, from_cart = ...

local kept = read_kept_order(orders, operation_id)
if kept then
  if kept.fingerprint ~= short_fingerprint(fingerprint) then
    return { 'idempotency_key_reused' }
  end
  local _, record = newest_state(kept)
  if not record then
    return { 'persisted', kept.id }
  end
  return { 'replayed', record }
end

local lines = {}
if from_cart == '1' then
  lines = read_cart(user_id)
  if #lines == 0 then
    return { 'cart_empty' }
  end
else
  local arguments = { select(8, ...) }
  for position = 1, #arguments, 2 do
    lines[#lines + 1] = { option_id = arguments[position], quantity = tonumber(arguments[position + 1]) }
  end
end

local coupon_id = parse_user_coupon_id(user_coupon_id)
local user_coupon, bucket

local function coupon_is_usable()
  user_coupon, bucket = find_user_coupon(user_coupon_id, user_id)
  return user_coupon and user_coupon.state == 'A' and not has_lapsed(user_coupon)
end

local function assess()
  read_lines(lines, user_id)
  local refusal = refuse_lines(lines)
  if not refusal and user_coupon_id ~= '' and not coupon_is_usable() then
    refusal = 'coupon_unavailable'
  end
  return refusal
end

local refusal = assess()
-- What is missing may be on hold by an order whose deadline has passed. It counts as free from that moment on.
if may_be_lapsed[refusal] then
  local reaped, more_are_left = reap_holds()
  if reaped > 0 then
    refusal = assess()
  end
  if more_are_left and may_be_lapsed[refusal] then
    return ask_again()
  end
end
if refusal == 'held' then
  local next_hold = redis.call('ZRANGE', holds, 0, 0, 'WITHSCORES')
  return { 'held', math.max(1, tonumber(next_hold[2]) - now_ms) }
end
if refusal then
  return { refusal }
end

local items, original_amount, deadline = {}, 0, now_ms + hold_ms
for number, line in ipairs(lines) do
  local facts = line.option.facts
  items[number] = {
    optionId = line.option_id,
    productId = facts.productId,
    productName = facts.productName,
    productRevision = facts.productRevision or 1,
    optionValue = facts.optionValue,
    unitPrice = facts.price,
    quantity = line.quantity,
    subtotal = facts.price * line.quantity,
  }
  original_amount = original_amount + items[number].subtotal
  if facts.holdMs then
    deadline = math.min(deadline, now_ms + facts.holdMs)
  end
end

local discount_amount = 0
if coupon_id then
  local coupon = read_coupon(coupon_id).facts
  if original_amount < coupon.minOrderAmount then
    return { 'min_order_amount' }
  end
  discount_amount = discount_of(coupon, original_amount)
end
share_discount(items, discount_amount, original_amount)
local final_amount = original_amount - discount_amount
if expected_amount ~= '' and tonumber(expected_amount) ~= final_amount then
  return { 'amount_changed', original_amount, discount_amount, final_amount }
end

local completes = pay == '1' or final_amount == 0
if completes and final_amount > tonumber(redis.call('HGET', balances, user_id) or 0) then
  return { 'insufficient_balance' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

local order = {
  id = now_hex .. operation_id,
  userId = user_id,
  status = 'PENDING',
  fingerprint = fingerprint,
  paidAtOnce = completes,
  items = items,
  originalAmount = original_amount,
  discountAmount = discount_amount,
  finalAmount = final_amount,
  orderedAt = now_ms,
  expiresAt = deadline,
}
for number, item in ipairs(items) do
  item.id = order.id .. '.' .. number
end
if coupon_id then
  order.userCouponId = user_coupon_id
end
if from_cart == '1' then
  order.fromCart = true
end

must_succeed()
if order.fromCart then
  write_cart(user_id, {})
end
take_units(lines, user_id, completes)
if completes then
  use_coupon(order, user_coupon, bucket)
  settle_payment(order)
else
  if coupon_id then
    set_user_coupon_state(user_coupon, bucket, 'H')
    order.userCouponStatus = 'HELD'
  end
  redis.call('ZADD', holds, string.format('%d', deadline), operation_id)
end
return { 'placed', write_order(order, new_order_json(order, lines), 'order_placed', orders, operation_id) }
