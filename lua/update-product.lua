--[[
update-product: changes what a product says of itself.

Guarantee   All options change with it. A text that was sold stays readable: a changed name, brand or description
            makes a new revision, and the description of the old one is kept.
ARGV        product_id
            changes      JSON of name, brand, description and status, as far as they change; null takes a text away
Returns     product_not_found
            shop_closed        an option of it is missing
            unchanged          it is as asked for already
            backlog_full
            updated
Emits       product_updated
Cost        6 calls
]]
local product_id, changes = ...
changes = cjson.decode(changes)

local product, options_facts = read_product(product_id)
if not product then
  return { 'product_not_found' }
end
if not options_facts then
  return { 'shop_closed' }
end
local name, brand, description = product.name, product.brand, product.description
if not apply_changes(product, changes) then
  return { 'unchanged' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

must_succeed()
if product.name ~= name or product.brand ~= brand or product.description ~= description then
  redis.call('HSET', products, product_id .. ':' .. product.revision, description or '')
  product.revision = product.revision + 1
end
write_product(product, options_facts)
return { 'updated' }
