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
ARGV[5]     event_id of the last event that the sender knows of, or '' where it knows none
ARGV[6]     traces: number=traceparent of each command whose request is traced, with spaces between; '' for none
ARGV[7…]    the commands: name, number of arguments, arguments
Returns     the shop's epoch, what refuses every command or '', the last event that the shop has of those up to the
            sender's where it lacks that one or else '', the number of events that waited before, the number of events
            appended, the id of the last of them, then one reply per command: { status, … }
            shop_closed   the shop is closed, of another version, or lacks a key of its hot state; answers every command
            stale_epoch   the hot state is of another epoch than the sender's; answers every command
            outdated      the hot state lacks an event that was answered, so the shop closes; answers every command
            reaping       lapsed holds were expired, and more are left that may decide the matter: ask again
            backlog_full  the decision would be accepted, but Postgres is too far behind
            fault         a bug; with the message, for the log only
            any status that the decision's own file documents
Cost        5 calls, and those of the decisions
]]

--- @keys
--- @layout

local backlog_max, hold_ms, reaped_holds_max = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known_epoch, known_event = tonumber(ARGV[4]), ARGV[5]

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
-- As ids of orders begin.
local now_hex = string.format('%011x', now_ms)

local state, epoch, trimmed, layout = unpack(redis.call('HMGET', meta, 'state', 'epoch', 'trimmed', 'layout'))
epoch = tonumber(epoch) or 0

-- Decides nothing any more until the shop is rebuilt.
local function close_shop(because)
  redis.pcall('HSET', meta, 'state', 'closed', 'closedBecause', because)
end

local function is_after(event_id, other)
  local ms, seq = string.match(event_id, '^(%d+)-(%d+)$')
  local other_ms, other_seq = string.match(other, '^(%d+)-(%d+)$')
  ms, other_ms = tonumber(ms), tonumber(other_ms)
  return ms > other_ms or (ms == other_ms and tonumber(seq) > tonumber(other_seq))
end

-- Where the sender's last event is neither in the outbox nor trimmed, this Redis went back to a time before it. Returns
-- the last event up to it that is there.
local function known_until()
  if known_event == '' or not trimmed or not is_after(known_event, trimmed) then
    return nil
  end
  local newest = redis.call('XREVRANGE', outbox, known_event, '-', 'COUNT', 1)[1]
  if newest and newest[1] == known_event then
    return nil
  end
  return newest and newest[1] or trimmed
end

local has_until = ''

-- What refuses every command, or nil. Empty hot keys still carry their sentinel, so a key that does not exist was lost:
-- its shop must not decide. Nor may one whose fields say something else than this version reads and writes.
local function shop_refusal()
  if redis.call('EXISTS', unpack(KEYS, 1, #KEYS - 1)) < #KEYS - 1 or state ~= 'open' or layout ~= known_layout then
    return 'shop_closed'
  end
  if known_epoch > 0 and known_epoch ~= epoch then
    return 'stale_epoch'
  end
  has_until = known_until() or ''
  if has_until ~= '' then
    close_shop('it lacks the event ' .. known_event .. ', which was answered')
    return 'outdated'
  end
end

local backlog = 0
local appended = 0
local last_event_id = ''

-- The last refusal of every decision: what follows it would have to be remembered.
local function backlog_is_full()
  return backlog + appended >= backlog_max
end

--- @include "facts"
--- @include "shared-reads"
--- @include "sums"
--- @include "outbox"

-- Redis makes every function of a script anew for each call, which was half of what a call costs beside its commands.
-- So the decisions are in groups, with what they include, and a group is made when one of its decisions is asked for:
-- measured, a call with one claim takes 15 % less.
local function make_claims()
  --- @include "buckets"
  --- @include "user-coupons"
  --- @include "claims"
  --- @decisions claim-by-code claim-coupon expire-coupons
end

local function make_orders()
  --- @include "calendar"
  --- @include "money"
  --- @include "buckets"
  --- @include "user-coupons"
  --- @include "catalog"
  --- @include "carts"
  --- @include "order-records"
  --- @include "order-json"
  --- @include "orders"
  --- @include "place-order"
  --- @decisions adjust-stock cancel-order pay-order place-order reap-holds refund-order set-cart-item
end

local function make_offers()
  --- @include "catalog"
  --- @decisions add-codes charge-balance create-coupon create-product update-coupon update-option update-product
end

local decisions = {}

local function decision_of(name)
  if not decisions[name] then
    --- @groups
    local make = group_of[name]
    for made_name, decision in pairs(make and make() or {}) do
      decisions[made_name] = decision
    end
  end
  return decisions[name]
end

local traceparents = {}
for number, traced in string.gmatch(ARGV[6], '(%d+)=(%S+)') do
  traceparents[tonumber(number)] = traced
end

local replies = {}
local refusal_of_all = shop_refusal()
local refusal = refusal_of_all
if not refusal then
  backlog = redis.call('XLEN', outbox)
end

local position = 7
while position <= #ARGV do
  local name, count = ARGV[position], tonumber(ARGV[position + 1])
  local first = position + 2
  if refusal then
    replies[#replies + 1] = { refusal }
  else
    traceparent = traceparents[#replies + 1]
    local ok, reply = pcall(decision_of(name), unpack(ARGV, first, first + count - 1))
    if not ok then
      local message = type(reply) == 'table' and reply.err or tostring(reply)
      reply = { 'fault', message }
      if is_half_done then
        refusal = 'shop_closed'
        close_shop(name .. ' failed: ' .. message)
      end
    elseif reply[1] == 'shop_closed' then
      refusal = 'shop_closed'
      close_shop(name .. ' misses a counter')
    end
    replies[#replies + 1] = reply
  end
  position = first + count
end

local are_written, message = pcall(write_sums)
if not are_written then
  close_shop('sums were not written: ' .. (type(message) == 'table' and message.err or tostring(message)))
  for number in ipairs(replies) do
    replies[number] = { 'fault', 'the sums of the batch were not written' }
  end
end

return { epoch, refusal_of_all or '', has_until, backlog, appended, last_event_id, unpack(replies) }
