-- JSON of an order that is being placed, as cjson.encode would make it, at half its cost: the shape is known, and what
-- repeats within a batch is made once. Ids and fingerprints have no character that JSON would escape.

-- Whole numbers as text. Most of those of an order, prices and times, are those of others of its batch too.
local texts_of_numbers = {}

local function text_of(number)
  local text = texts_of_numbers[number]
  if not text then
    text = string.format('%d', number)
    texts_of_numbers[number] = text
  end
  return text
end

-- What an item repeats of its option, by the facts of the option and the quantity.
local json_of_items = {}

local function item_facts_json(facts, item)
  local known = json_of_items[facts]
  if not known then
    known = {}
    json_of_items[facts] = known
  end
  local json = known[item.quantity]
  if not json then
    json = cjson.encode({
      productId = item.productId,
      productName = item.productName,
      productRevision = item.productRevision,
      optionValue = item.optionValue,
      unitPrice = item.unitPrice,
      quantity = item.quantity,
      subtotal = item.subtotal,
    })
    -- Without its braces it is a part of the item.
    json = string.sub(json, 2, -2)
    known[item.quantity] = json
  end
  return json
end

local function item_json(item, facts)
  return '{"id":"' .. item.id .. '","optionId":"' .. item.optionId
    .. '","discountAmount":' .. text_of(item.discountAmount) .. ',' .. item_facts_json(facts, item) .. '}'
end

local function items_json(items, lines)
  local texts = {}
  for number, item in ipairs(items) do
    texts[number] = item_json(item, lines[number].option.facts)
  end
  return table.concat(texts, ',')
end

-- What only some orders have.
local function order_extras_json(order)
  local payment, change = order.payment, order.balanceChange
  return (order.fromCart and ',"fromCart":true' or '')
    .. (order.userCouponId
      and ',"userCouponId":"' .. order.userCouponId .. '","userCouponStatus":"' .. order.userCouponStatus .. '"' or '')
    .. (payment and ',"payment":{"id":"' .. payment.id .. '","amount":' .. text_of(payment.amount)
      .. ',"status":"' .. payment.status .. '","paidAt":' .. text_of(payment.paidAt) .. '}' or '')
    .. (change and ',"balanceChange":{"id":"' .. change.id .. '","amount":' .. text_of(change.amount)
      .. ',"beforeAmount":' .. text_of(change.beforeAmount)
      .. ',"afterAmount":' .. text_of(change.afterAmount) .. '}' or '')
end

-- The order with its items, whose lines give the facts of their options.
local function new_order_json(order, lines)
  return '{"id":"' .. order.id .. '","userId":"' .. order.userId .. '","status":"' .. order.status
    .. '","fingerprint":"' .. order.fingerprint .. '","paidAtOnce":' .. tostring(order.paidAtOnce)
    .. ',"items":[' .. items_json(order.items, lines) .. '],"originalAmount":' .. text_of(order.originalAmount)
    .. ',"discountAmount":' .. text_of(order.discountAmount) .. ',"finalAmount":' .. text_of(order.finalAmount)
    .. ',"orderedAt":' .. text_of(order.orderedAt) .. ',"expiresAt":' .. text_of(order.expiresAt)
    .. order_extras_json(order) .. '}'
end
