-- What several decisions do to an order.

-- Finds the caller's order, unless only Postgres has it any more. Returns it with its operation id and its JSON.
local function find_order(order_id, user_id)
  local kept = find_kept_order(order_id)
  local order, record
  if kept then
    order, record = newest_state(kept)
  end
  if order and order.userId == user_id then
    return order, string.sub(order_id, 12), record
  end
end

-- Takes the order's money and counts its sales. The caller has checked the balance.
local function settle_payment(order)
  order.status = 'COMPLETED'
  order.payment = {
    id = 'pay-' .. order.id,
    amount = order.finalAmount,
    status = 'PAID',
    paidAt = now_ms,
  }
  if order.finalAmount > 0 then
    -- A number among the arguments of a call is printed with 17 digits, which takes longer than the call.
    local after = redis.call('HINCRBY', balances, order.userId, string.format('%d', -order.finalAmount))
    order.balanceChange = {
      id = order.payment.id,
      amount = order.finalAmount,
      beforeAmount = after + order.finalAmount,
      afterAmount = after,
    }
  end
  for _, item in ipairs(order.items) do
    count_units_sold(item.productId, item.quantity, utc_day)
  end
end

-- Marks the order's user coupon, which was found in a bucket, as used, if it has one.
local function use_coupon(order, record, bucket)
  if order.userCouponId then
    set_user_coupon_state(record, bucket, 'U')
    local coupon_id = parse_user_coupon_id(order.userCouponId)
    count_coupon_use(coupon_id)
    order.userCouponStatus = 'USED'
  end
end

-- Makes the order's user coupon available again, where its coupon and its time allow it. Returns whether it is.
local function restore_coupon(order)
  local coupon_id = parse_user_coupon_id(order.userCouponId)
  local record, bucket = find_user_coupon(order.userCouponId, order.userId)
  if has_lapsed(record) or not read_coupon(coupon_id).facts.restoreOnCancel then
    return false
  end
  set_user_coupon_state(record, bucket, 'A')
  order.userCouponStatus = 'AVAILABLE'
  return true
end

-- Takes units off what counts against the user's limit.
local function reduce_purchases(option_id, user_id, quantity)
  local purchase = option_id .. ':' .. user_id
  if redis.call('HINCRBY', purchases, purchase, -quantity) == 0 then
    redis.call('HDEL', purchases, purchase)
  end
end

-- Gives back what a pending order holds: the coupon, units, the per-user allowance and its place among the holds.
local function release_order(order, operation_id, status)
  must_succeed()
  if order.userCouponId and not restore_coupon(order) then
    local record, bucket = find_user_coupon(order.userCouponId, order.userId)
    set_user_coupon_state(record, bucket, 'E')
    order.userCouponStatus = 'EXPIRED'
  end
  for _, item in ipairs(order.items) do
    add_units(item.optionId, 'free', item.quantity)
    add_units(item.optionId, 'held', -item.quantity)
    reduce_purchases(item.optionId, order.userId, item.quantity)
  end
  redis.call('ZREM', holds, operation_id)
  order.status = status
  order.cancelledAt = now_ms
  local event_type = status == 'EXPIRED' and 'order_expired' or 'order_cancelled'
  return write_order(order, cjson.encode(order), event_type, orders, operation_id)
end

-- Whether an order that is neither paid nor cancelled is over. It is from its deadline on; where nothing had noticed
-- yet, it expires here.
local function has_expired(order, operation_id)
  if order.status == 'PENDING' and now_ms >= order.expiresAt then
    if not backlog_is_full() then
      release_order(order, operation_id, 'EXPIRED')
    end
    return true
  end
  return order.status == 'EXPIRED'
end

-- Lapsed holds that this batch may still expire: more would keep Redis from its other clients for too long.
local reap_budget = reaped_holds_max

-- Expires pending orders whose deadline has passed, the earliest first. Returns how many, and whether more are left.
local function reap_holds()
  local lapsed = redis.call('ZRANGEBYSCORE', holds, '-inf', now_ms, 'LIMIT', 0, reap_budget + 1)
  for number, operation_id in ipairs(lapsed) do
    if reap_budget == 0 or backlog_is_full() then
      return number - 1, true
    end
    reap_budget = reap_budget - 1
    release_order(cjson.decode(redis.call('HGET', orders, operation_id)), operation_id, 'EXPIRED')
  end
  return #lapsed, false
end

-- What may be missing because a hold has lapsed and is not expired yet.
local may_be_lapsed = { per_user_limit = true, held = true, coupon_unavailable = true }

-- The answer where something is missing that a lapsed hold, not expired yet, may have.
local function ask_again()
  return { backlog_is_full() and 'backlog_full' or 'reaping' }
end
