-- Products and their options. A product's record in `products` says what the operator said; its options repeat in
-- their facts what an order needs of it.

-- What an option's facts say, of the product too: so an order reads options only.
local function option_facts(product, option)
  return cjson.encode({
    productId = product.id,
    productName = product.name,
    productRevision = product.revision,
    status = product.status,
    optionValue = option.optionValue,
    price = option.price,
    perUserLimit = option.perUserLimit,
    saleStartsAt = option.saleStartsAt,
    saleEndsAt = option.saleEndsAt,
    holdMs = option.holdMs,
  })
end

-- A product and the facts of its options, to change them; nil where it does not exist, and no facts where some are
-- missing.
local function read_product(product_id)
  local record = redis.call('HGET', products, product_id)
  if not record or string.sub(record, 1, 1) ~= '{' then
    return nil
  end
  local product = cjson.decode(record)
  product.revision = product.revision or 1
  local stored = redis.call('HMGET', options, unpack(product.optionIds))
  for number, facts in ipairs(stored) do
    if not facts then
      return product, nil
    end
    stored[number] = cjson.decode(facts)
  end
  return product, stored
end

-- Stores a changed product and what its options repeat of it, and tells Postgres.
local function write_product(product, options_facts)
  local fields = {}
  for number, facts in ipairs(options_facts) do
    fields[#fields + 1] = product.optionIds[number]
    fields[#fields + 1] = option_facts(product, facts)
  end
  redis.call('HSET', products, product.id, cjson.encode(product))
  write_option_facts(fields)
  append_event('product_updated', cjson.encode({
    id = product.id,
    name = product.name,
    brand = product.brand,
    description = product.description,
    status = product.status,
    revision = product.revision,
    at = now_ms,
  }))
end
