-- Takes deliveries of webhooks that are due, as many as the worker has room for, and leases them to
-- it: if it does not tell in time what has become of one, that is due again. Of an endpoint that
-- fails fewer are given out at once, half as many after each failure in a row; while it rests, none.
--
-- What is due for one that is off is dead. What nobody knows the endpoint of waits for a day, as
-- another worker may know it, and is dead then. That there is much of either delays nobody: it has
-- what the others leave of a call.
--
-- KEYS  webhooks, webhooks about, webhooks dead, webhooks endpoints: as in shared/deliveries.lua
--       counters: as in enqueue.lua
-- ARGV  of each endpoint a line: its name, how many more the worker can send there, how many it
--         could if it sent none, and the digest of its configuration
--       length of the lease (ms)
--       the counter of deliveries, without its label
-- Reply {now (ms), ms until there may be more to do or -1, id, what is known of it, id, …}
-- include deliveries.lua

local call = redis.call
local WAITING, ABOUT, DEAD, ENDPOINTS, COUNTERS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local DAY_MS = 24 * 3600 * 1000
local DUE = ' (' .. ('%d'):rep(15) .. ') ' -- in a member
local PIECE = 50 -- so many at most are leased or buried in one call, and forgotten

local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claimed, soonest = {}, math.huge
local left = PIECE

-- The members of an endpoint's that are due at a time, and how many there are at most.
local function due_by(name, at, most)
	return call('ZRANGEBYLEX', WAITING, '[' .. name .. ' ',
		string.format('(%s %015d', name, at + 1), 'LIMIT', 0, most)
end

-- A member that does not fit its line is somebody else's, and would be claimed for ever: the line
-- says where a delivery belongs, and what is none of ours goes.
local function put_right(member, id, d)
	call('ZREM', WAITING, member)
	if not d then
		call('HDEL', ABOUT, id)
	elseif d.due > 0 then
		delivery_move(WAITING, ABOUT, id, d, d.due)
	end
end

local function each_delivery(members, fn)
	for _, member in ipairs(members) do
		local id = member:match('%S*$')
		local d = delivery_read(call('HGET', ABOUT, id))
		if d and due_member(d, id) == member then
			fn(id, d)
		else
			put_right(member, id, d)
		end
	end
	left = left - #members
	return #members
end

local function bury_due(name, at, why)
	each_delivery(due_by(name, at, left), function(id, d)
		d.why = why
		delivery_bury(WAITING, ABOUT, DEAD, id, d, now)
		call('HINCRBY', COUNTERS, ARGV[3] .. '\31dead', '1')
	end)
end

-- Returns how many were due, of so many at most.
local function lease(name, most)
	return each_delivery(due_by(name, now, most), function(id, d)
		d.claims = d.claims + 1
		delivery_move(WAITING, ABOUT, id, d, now + ARGV[2])
		claimed[#claimed + 1], claimed[#claimed + 2] = id, delivery_line(d)
	end)
end

local function look_again_at(at)
	soonest = math.min(soonest, at)
end

local function look_again_when_due(name)
	local member = call('ZRANGEBYLEX', WAITING, '[' .. name .. ' ', '(' .. name .. '!',
		'LIMIT', 0, 1)[1]
	local due = member and member:match(DUE)
	if due then
		look_again_at(tonumber(due))
	end
end

local are_off = {}

local function serve(name, free, most, digest)
	local failures, rests_until, off = endpoint_read(ENDPOINTS, name)
	if off == digest then
		are_off[#are_off + 1] = name
		return
	elseif off ~= '' or failures == 0 and rests_until > 0 and rests_until <= now then
		call('HDEL', ENDPOINTS, name)
		failures, rests_until = 0, 0
	end
	if rests_until > now then
		look_again_at(rests_until)
		return
	end
	local room = math.max(1, math.floor(most / 2 ^ failures)) - (most - free)
	if room > 0 and lease(name, math.min(room, left)) < room then
		look_again_when_due(name)
	end -- else one that ends makes room
end

local known = {}
for name, free, most, digest in ARGV[1]:gmatch('(%S+) (%d+) (%d+) (%S+)\n') do
	known[name] = true
	serve(name, tonumber(free), tonumber(most), digest)
end
for _, name in ipairs(are_off) do
	bury_due(name, now, 'the endpoint is off: it has answered 410')
	look_again_when_due(name)
end

local function bury_strangers()
	each_waiting_endpoint(WAITING, function(name)
		if not known[name] then
			bury_due(name, now - DAY_MS, 'no endpoint of that name is configured')
		end
	end)
end

local function forget_old()
	local old = call('ZRANGEBYSCORE', DEAD, '-inf', ms(now), 'LIMIT', 0, PIECE)
	if old[1] then
		call('ZREM', DEAD, unpack(old))
		call('HDEL', ABOUT, unpack(old))
	end
end

bury_strangers()
forget_old()
local pause = soonest < math.huge and math.max(0, soonest - now) or -1
return {now, pause, unpack(claimed)}
