--[[
set-cart-item: puts an option into a user's cart, changes its quantity, or takes it out.

Guarantee   A cart has no option twice and holds nothing: stock is taken by an order only.
ARGV        user_id
            option_id
            quantity         (units); 0 takes it out
            cart_items_max   (lines)
Returns     option_not_found
            cart_full
            unchanged          the line is as asked for already
            backlog_full
            set
Emits       cart_changed
Cost        4 calls
]]
local user_id, option_id, quantity, cart_items_max = ...
quantity = tonumber(quantity)

local facts = redis.call('HGET', options, option_id)
if not facts or string.sub(facts, 1, 1) ~= '{' then
  return { 'option_not_found' }
end
local lines = read_cart(user_id)
local place
for number, line in ipairs(lines) do
  if line.option_id == option_id then
    place = number
  end
end
if not place and quantity > 0 and #lines >= tonumber(cart_items_max) then
  return { 'cart_full' }
end
if (place and lines[place].quantity or 0) == quantity then
  return { 'unchanged' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

must_succeed()
if quantity == 0 then
  table.remove(lines, place)
elseif place then
  lines[place].quantity = quantity
else
  lines[#lines + 1] = { option_id = option_id, quantity = quantity }
end
write_cart(user_id, lines)
append_event('cart_changed', cjson.encode({
  userId = user_id,
  optionId = option_id,
  quantity = quantity,
  at = now_ms,
}))
return { 'set' }
