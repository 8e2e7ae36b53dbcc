-- Sums that no order needs to know: how often a coupon was used, and how many units of a product were sold. What a
-- batch adds to one of them is written in one call, behind all decisions. Were that to fail, the shop closes, and its
-- rebuild counts them by the events.

local coupon_uses, units_sold = {}, {}
-- The key of the day's ranking, from the first payment of a batch on.
local todays_sales

local function count_coupon_use(coupon_id)
  coupon_uses[coupon_id] = (coupon_uses[coupon_id] or 0) + 1
end

-- Counts units for the ranking of the day that `day_of` gives.
local function count_units_sold(product_id, units, day_of)
  todays_sales = todays_sales or sales .. day_of(now_ms)
  units_sold[product_id] = (units_sold[product_id] or 0) + units
end

local function write_sums()
  for coupon_id, uses in pairs(coupon_uses) do
    redis.call('HINCRBY', coupons, coupon_id .. ':used', string.format('%d', uses))
  end
  for product_id, units in pairs(units_sold) do
    redis.call('ZINCRBY', todays_sales, string.format('%d', units), product_id)
  end
  coupon_uses, units_sold = {}, {}
end
