--[[
pay-order: takes the money of a pending order and makes its units sold.

Guarantee   An order is paid once, before its deadline, and never by a balance that is too small. Against an expiry or
            a cancellation exactly one wins, and the other is told which. A refused payment leaves the hold as it is.
ARGV        order_id
            user_id
Returns     order_not_found       not in Redis any more, or not the user's
            replayed              it is paid, or was and is refunded; its record
            order_cancelled
            order_expired         the deadline has passed, whether or not anything had noticed before
            insufficient_balance
            backlog_full
            paid                  the order's record, JSON of `order` in src/domain/events.ts
Emits       order_paid, or order_expired where the deadline had passed unnoticed
Cost        6 calls and two more per line
]]
local order_id, user_id = ...

local order, operation_id, record = find_order(order_id, user_id)
if not order then
  return { 'order_not_found' }
end
if order.payment then
  return { 'replayed', record }
end
if order.status == 'CANCELLED' then
  return { 'order_cancelled' }
end
if has_expired(order, operation_id) then
  return { 'order_expired' }
end
if order.finalAmount > tonumber(redis.call('HGET', balances, user_id) or 0) then
  return { 'insufficient_balance' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end
local user_coupon, bucket
if order.userCouponId then
  user_coupon, bucket = find_user_coupon(order.userCouponId, user_id)
end

must_succeed()
for _, item in ipairs(order.items) do
  add_units(item.optionId, 'held', -item.quantity)
  add_units(item.optionId, 'sold', item.quantity)
end
redis.call('ZREM', holds, operation_id)
use_coupon(order, user_coupon, bucket)
settle_payment(order)
return { 'paid', write_order(order, cjson.encode(order), 'order_paid', orders, operation_id) }
