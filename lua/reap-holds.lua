--[[
reap-holds: expires pending orders whose deadline has passed.

Guarantee   It only tidies: a command that finds too little reaps for itself, and a payment looks at the deadline.
ARGV        none
Returns     backlog_full
            reaped        the number of orders expired, and 1 where more are left
Emits       order_expired for each of them
Cost        1 call, and 8 per order with one line
]]
if backlog_is_full() then
  return { 'backlog_full' }
end
local reaped, more = reap_holds()
return { 'reaped', reaped, more and 1 or 0 }
