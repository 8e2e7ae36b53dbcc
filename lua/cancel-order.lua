--[[
cancel-order: gives up a pending order and gives back at once what it holds.

Guarantee   What an order holds is given back exactly once, by its cancellation or by its expiry.
ARGV        order_id
            user_id
Returns     order_not_found   not in Redis any more, or not the user's
            order_completed   it is paid, or was and is refunded
            replayed          it is cancelled; its record
            order_expired     the deadline has passed, whether or not anything had noticed before
            backlog_full
            cancelled         the order's record, JSON of `order` in src/domain/events.ts
Emits       order_cancelled, or order_expired where the deadline had passed unnoticed
Cost        6 calls and three more per line
]]
local order_id, user_id = ...

local order, operation_id, record = find_order(order_id, user_id)
if not order then
  return { 'order_not_found' }
end
if order.payment then
  return { 'order_completed' }
end
if order.status == 'CANCELLED' then
  return { 'replayed', record }
end
if has_expired(order, operation_id) then
  return { 'order_expired' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

must_succeed()
return { 'cancelled', release_order(order, operation_id, 'CANCELLED') }
