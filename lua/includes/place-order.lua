-- The lines of an order that is being placed: `option_id`, `quantity`, and what is read for them. What stands here is
-- made once per batch, and would be made once per order in lua/place-order.lua.

-- Reads what the lines need.
local function read_lines(lines, user_id)
  local fields, purchase_fields = {}, {}
  for number, line in ipairs(lines) do
    local option_id = line.option_id
    fields[number * 4 - 3] = option_id
    fields[number * 4 - 2] = option_id .. ':free'
    fields[number * 4 - 1] = option_id .. ':held'
    fields[number * 4] = option_id .. ':sold'
    purchase_fields[number] = option_id .. ':' .. user_id
  end
  local stored = redis.call('HMGET', options, unpack(fields))
  local bought = redis.call('HMGET', purchases, unpack(purchase_fields))
  for number, line in ipairs(lines) do
    local facts = stored[number * 4 - 3]
    line.facts = facts and parse_facts(facts)
    line.free = tonumber(stored[number * 4 - 2])
    line.held = tonumber(stored[number * 4 - 1])
    line.sold = tonumber(stored[number * 4])
    line.bought = tonumber(bought[number] or 0)
  end
end

local line_refusals = {
  { 'option_not_found', function(line) return not line.facts end },
  { 'shop_closed', function(line) return not line.free or not line.held or not line.sold end },
  { 'product_inactive', function(line) return line.facts.status == 'INACTIVE' end },
  { 'not_started', function(line) return line.facts.saleStartsAt and now_ms < line.facts.saleStartsAt end },
  { 'ended', function(line) return line.facts.saleEndsAt and now_ms >= line.facts.saleEndsAt end },
  { 'per_user_limit', function(line)
    return line.facts.perUserLimit and line.bought + line.quantity > line.facts.perUserLimit
  end },
  { 'sold_out', function(line)
    return line.facts.status == 'OUT_OF_STOCK' or line.free + line.held < line.quantity
  end },
  { 'held', function(line) return line.free < line.quantity end },
}

-- What refuses the lines, or nil. Each refusal stands for all lines before the next kind of refusal is looked for.
local function refuse_lines(lines)
  for _, refusal in ipairs(line_refusals) do
    for _, line in ipairs(lines) do
      if refusal[2](line) then
        return refusal[1]
      end
    end
  end
end

-- Takes the units of all lines, to be sold or held. What was read a moment ago in this script still stands, so it
-- writes sums: two calls for all lines instead of three for each.
local function take_units(lines, user_id, is_sold)
  local counters, units = {}, {}
  for number, line in ipairs(lines) do
    local option_id, quantity = line.option_id, line.quantity
    counters[number * 4 - 3] = option_id .. ':free'
    counters[number * 4 - 2] = string.format('%d', line.free - quantity)
    counters[number * 4 - 1] = option_id .. (is_sold and ':sold' or ':held')
    counters[number * 4] = string.format('%d', (is_sold and line.sold or line.held) + quantity)
    units[number * 2 - 1] = option_id .. ':' .. user_id
    units[number * 2] = string.format('%d', line.bought + quantity)
  end
  redis.call('HSET', options, unpack(counters))
  redis.call('HSET', purchases, unpack(units))
end
