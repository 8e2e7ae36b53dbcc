--[[
create-product: puts a product and its options on sale.

Guarantee   The product and all its options appear together.
ARGV        product   JSON of `product` in src/domain/events.ts, without createdAt and revision; its ids are new
Returns     backlog_full
            created   the product, as JSON
Emits       product_created
Cost        3 calls and one per option
]]
local product = cjson.decode((...))
product.createdAt = now_ms
product.revision = 1

if backlog_is_full() then
  return { 'backlog_full' }
end

must_succeed()
local option_ids = {}
for number, option in ipairs(product.options) do
  option_ids[number] = option.id
  redis.call(
    'HSET', options,
    option.id, option_facts(product, option),
    option.id .. ':free', option.stock,
    option.id .. ':held', 0,
    option.id .. ':sold', 0
  )
end
redis.call('HSET', products, product.id, cjson.encode({
  id = product.id,
  name = product.name,
  brand = product.brand,
  description = product.description,
  status = product.status,
  revision = product.revision,
  createdAt = product.createdAt,
  optionIds = option_ids,
}))
redis.call('ZADD', catalog, now_ms, product.id)
local record = cjson.encode(product)
append_event('product_created', record)
return { 'created', record }
