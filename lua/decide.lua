#!lua
--[[
decide: applies a batch of commands to one shop.

Guarantee   Commands are decided one after the other, each completely: it refuses and changes nothing, or it
            makes all its writes and appends its event. A command that fails by a bug fails alone; where it had begun to
            write, the shop closes, and its rebuild undoes the half.
KEYS        Every key of the shop, in the order of src/redis/keys.ts, which generates their local names.
ARGV[1]     backlog_max (events) that may wait for Postgres before new effects are refused
ARGV[2]     hold_ms (ms) from an order to its deadline, unless one of its options says less
ARGV[3]     reaped_holds_max (orders) that one batch may expire on its way
ARGV[4]     epoch of the shop that the sender knows, or 0 where it knows none yet
ARGV[5…]    the commands: name, number of arguments, arguments
Returns     the shop's epoch, the number of events that waited before, the number of events appended, the id of the last
            of them, then one reply per command: { status, … }
            stale_epoch   the hot state is of another epoch than the sender's; answers every command
            shop_closed   the shop is closed, or a key of its hot state is missing; answers every command
            reaping       lapsed holds were expired, and more are left that may decide the matter: ask again
            backlog_full  the decision would be accepted, but Postgres is too far behind
            fault         a bug; with the message, for the log only
            any status that the decision's own file documents
Cost        4 calls, and those of the decisions
]]

--- @keys

local backlog_max, hold_ms, reaped_holds_max = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known_epoch = tonumber(ARGV[4])

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

local state, epoch = unpack(redis.call('HMGET', meta, 'state', 'epoch'))
epoch = tonumber(epoch) or 0

-- What refuses every command, or nil. Empty hot keys still carry their sentinel, so a key that does not exist was lost:
-- its shop must not decide.
local function shop_refusal()
  if redis.call('EXISTS', unpack(KEYS, 1, #KEYS - 1)) < #KEYS - 1 or state ~= 'open' then
    return 'shop_closed'
  end
  if known_epoch > 0 and known_epoch ~= epoch then
    return 'stale_epoch'
  end
end

local backlog = 0
local appended = 0
local last_event_id = ''

-- The last refusal of every decision: what follows it would have to be remembered.
local function backlog_is_full()
  return backlog + appended >= backlog_max
end

--- @include "calendar"
--- @include "facts"
--- @include "outbox"
--- @include "money"
--- @include "user-coupons"
--- @include "claims"
--- @include "catalog"
--- @include "carts"
--- @include "orders"
--- @decisions

local replies = {}
local refusal = shop_refusal()
if not refusal then
  backlog = redis.call('XLEN', outbox)
end

local position = 5
while position <= #ARGV do
  local name, count = ARGV[position], tonumber(ARGV[position + 1])
  local first = position + 2
  if refusal then
    replies[#replies + 1] = { refusal }
  else
    local ok, reply = pcall(decisions[name], unpack(ARGV, first, first + count - 1))
    if not ok then
      local message = type(reply) == 'table' and reply.err or tostring(reply)
      reply = { 'fault', message }
      if is_half_done then
        refusal = 'shop_closed'
        redis.pcall('HSET', meta, 'state', 'closed', 'closedBecause', name .. ' failed: ' .. message)
      end
    end
    replies[#replies + 1] = reply
  end
  position = first + count
end

return { epoch, backlog, appended, last_event_id, unpack(replies) }
