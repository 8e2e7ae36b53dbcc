--[[
charge-balance: adds money to a user's balance.

Guarantee   The record of the charge is the record of its idempotency key: a repeated request charges once.
ARGV        operation_id   (22 characters) derived from the idempotency key
            fingerprint    of the request body
            user_id
            amount         (minor units) > 0
            balance_max    (minor units) that no balance may exceed
Returns     idempotency_key_reused  the key came with another body
            replayed                the first charge
            balance_limit
            backlog_full
            charged                 the charge, JSON of `charge` in src/domain/events.ts
Emits       balance_charged
Cost        5 calls
]]
local operation_id, fingerprint, user_id, amount, balance_max = ...
amount = tonumber(amount)

local record = redis.call('HGET', operations, operation_id)
if record then
  if cjson.decode(record).fingerprint ~= fingerprint then
    return { 'idempotency_key_reused' }
  end
  return { 'replayed', record }
end
local before = tonumber(redis.call('HGET', balances, user_id) or 0)
if before + amount > tonumber(balance_max) then
  return { 'balance_limit' }
end
if backlog_is_full() then
  return { 'backlog_full' }
end

local charge = cjson.encode({
  -- A key that is used again after its record was dropped makes another charge.
  id = string.format('%011x', now_ms) .. operation_id,
  fingerprint = fingerprint,
  userId = user_id,
  amount = amount,
  beforeAmount = before,
  afterAmount = before + amount,
  at = now_ms,
})

must_succeed()
redis.call('HINCRBY', balances, user_id, amount)
redis.call('HSET', operations, operation_id, charge)
append_event('balance_charged', charge)
return { 'charged', charge }
