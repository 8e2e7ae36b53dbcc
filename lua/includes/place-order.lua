-- The lines of an order that is being placed: `option_id`, `quantity`, and what is read for them. What stands here is
-- made once per batch, and would be made once per order in lua/place-order.lua.

-- Reads what the lines need.
local function read_lines(lines, user_id)
  local option_ids, limited, purchase_fields = {}, {}, {}
  for number, line in ipairs(lines) do
    option_ids[number] = line.option_id
  end
  for number, option in ipairs(read_options(option_ids)) do
    local line = lines[number]
    line.option = option
    if option.facts and option.facts.perUserLimit then
      limited[#limited + 1] = line
      purchase_fields[#limited] = line.option_id .. ':' .. user_id
    end
  end
  local bought = #limited > 0 and redis.call('HMGET', purchases, unpack(purchase_fields))
  for number, line in ipairs(limited) do
    line.bought = tonumber(bought[number] or 0)
  end
end

local line_refusals = {
  { 'option_not_found', function(_, option) return not option.facts end },
  { 'shop_closed', function(_, option) return not option.free or not option.held or not option.sold end },
  { 'product_inactive', function(_, option) return option.facts.status == 'INACTIVE' end },
  { 'not_started', function(_, option)
    return option.facts.saleStartsAt and now_ms < option.facts.saleStartsAt
  end },
  { 'ended', function(_, option) return option.facts.saleEndsAt and now_ms >= option.facts.saleEndsAt end },
  { 'per_user_limit', function(line, option)
    return option.facts.perUserLimit and line.bought + line.quantity > option.facts.perUserLimit
  end },
  { 'sold_out', function(line, option)
    return option.facts.status == 'OUT_OF_STOCK' or option.free + option.held < line.quantity
  end },
  { 'held', function(line, option) return option.free < line.quantity end },
}

-- What refuses the lines, or nil. Each refusal stands for all lines before the next kind of refusal is looked for.
local function refuse_lines(lines)
  for _, refusal in ipairs(line_refusals) do
    for _, line in ipairs(lines) do
      if refusal[2](line, line.option) then
        return refusal[1]
      end
    end
  end
end

-- Takes the units of all lines, to be sold or held. What was read in this script still stands, so it writes what the
-- counters are now, in one call for all lines.
local function take_units(lines, user_id, is_sold)
  local counters, counter = {}, is_sold and 'sold' or 'held'
  for number, line in ipairs(lines) do
    local option_id, option, quantity = line.option_id, line.option, line.quantity
    option.free, option[counter] = option.free - quantity, option[counter] + quantity
    counters[number * 4 - 3] = option_id .. ':free'
    counters[number * 4 - 2] = string.format('%d', option.free)
    counters[number * 4 - 1] = option_id .. ':' .. counter
    counters[number * 4] = string.format('%d', option[counter])
  end
  redis.call('HSET', options, unpack(counters))
  for _, line in ipairs(lines) do
    redis.call('HINCRBY', purchases, line.option_id .. ':' .. user_id, string.format('%d', line.quantity))
  end
end
