-- A user's cart, as one field of `carts`: `<option id>=<quantity> ` per line, in the order in which they came.
-- src/engine/read-cart.ts reads the same format.

-- The lines of the cart.
local function read_cart(user_id)
  local lines = {}
  for option_id, quantity in string.gmatch(redis.call('HGET', carts, user_id) or '', '(%S+)=(%d+) ') do
    lines[#lines + 1] = { option_id = option_id, quantity = tonumber(quantity) }
  end
  return lines
end

local function write_cart(user_id, lines)
  if #lines == 0 then
    redis.call('HDEL', carts, user_id)
    return
  end
  local texts = {}
  for number, line in ipairs(lines) do
    texts[number] = line.option_id .. '=' .. string.format('%d', line.quantity) .. ' '
  end
  redis.call('HSET', carts, user_id, table.concat(texts))
end
