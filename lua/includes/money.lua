-- Integer arithmetic on amounts in minor units. Lua's numbers are doubles: no product below may pass 2^53.

local exact_max = 2 ^ 53

-- floor(a * b / c) for whole numbers with b <= c, exact also where a * b is not.
local function multiply_divide(a, b, c)
  if a * b < exact_max then
    return math.floor(a * b / c)
  end
  -- Long multiplication by the bits of a, from the highest; 47 of them reach beyond any amount.
  local quotient, remainder = 0, 0
  for bit = 46, 0, -1 do
    quotient, remainder = quotient * 2, remainder * 2
    local weight = 2 ^ bit
    if a >= weight then
      a = a - weight
      remainder = remainder + b
    end
    local carried = math.floor(remainder / c)
    quotient, remainder = quotient + carried, remainder - carried * c
  end
  return quotient
end

-- A percentage in basis points of an amount, rounded half up.
local function percentage_of(amount, basis_points)
  local whole, rest = math.floor(amount / 10000), amount % 10000
  return whole * basis_points + math.floor((rest * basis_points + 5000) / 10000)
end

-- What a coupon takes off an amount: never more than its maximum, never more than the amount.
local function discount_of(coupon, amount)
  local discount = coupon.discountValue
  if coupon.discountType == 'PERCENTAGE' then
    discount = percentage_of(amount, coupon.discountValue)
  end
  return math.min(discount, coupon.maxDiscountAmount or discount, amount)
end

-- Shares a discount over the items in proportion to their subtotals, and sets their discountAmount. The shares
-- sum to the discount; what rounding leaves goes to the largest items, never beyond an item's subtotal.
local function share_discount(items, discount, total)
  local left = discount
  for _, item in ipairs(items) do
    item.discountAmount = total > 0 and multiply_divide(item.subtotal, discount, total) or 0
    left = left - item.discountAmount
  end
  if left == 0 then
    return
  end
  local largest_first = {}
  for position, item in ipairs(items) do
    largest_first[position] = { item = item, position = position }
  end
  table.sort(largest_first, function(a, b)
    if a.item.subtotal ~= b.item.subtotal then
      return a.item.subtotal > b.item.subtotal
    end
    return a.position < b.position
  end)
  for _, entry in ipairs(largest_first) do
    local extra = math.min(left, entry.item.subtotal - entry.item.discountAmount)
    entry.item.discountAmount = entry.item.discountAmount + extra
    left = left - extra
  end
end
