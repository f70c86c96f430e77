-- Extends a worker's lease, notes what there is to be known of the worker, adds what it has counted
-- to the counters, and names workers whose lease has ended. Time is the server's, so that the clocks
-- of the machines need not agree. On the way, some of what has expired is taken out of the index,
-- and one that is open for long is named, so that the worker sees whether that is true: the eldest,
-- or one that has a seat. With its first beat a worker removes what others, of another version
-- perhaps, have left of those that were buried.
--
-- It also says how many jobs the worker has room for: so many seats there are more. These go to
-- those whose turn it is. Whose place it takes has no room any more. What relays hold that are lost
-- is given back, and of the seats one is looked at, whether its job is open still.
--
-- KEYS  workers (sorted set: worker, end of its lease in ms)
--       workers about (hash: worker, "<streams> <beat ms> <started s> <pid> <version> <host>")
--       draining (set of workers)
--       counters, index, index about, index ended: as in enqueue.lua
--       rooms (hash: worker, how many jobs it has room for)
--       queue, shares, seats, lines, turns, passes, rates, budgets: as in enqueue.lua
--       relays: as in relay_beat.lua; the use of this day, as in shared/usage.lua
-- ARGV  worker, length of a lease (ms), how many streams it has, "<started s> <pid> <version> <host>"
--       the worker whose place it has taken, and that it is to drain like; or ""
--       what to count: of each a counter, a tab, a number and a line's end
--       the time (ms) of its last beat that it knows to have been made, or 0
--       how many jobs it has room for, those included that it has
-- Reply 1 if the worker is to give its jobs away, or 0; the time of this beat (ms); the id that is to
--       be looked up, or ""; 1 if more free seats are to be given with another beat, or 0; then the
--       names of at most 16 workers
--
-- A worker that has had no answer sends the same counts again, even if there were none. They are
-- added once: if they have been already, its record is of a later beat than the last that it knows
-- of.
local call = redis.call
local DOUBTED_MS = 60000
local TURNS = 500 -- with one beat
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local index_about, rooms, queue, shares, seats, lines, turns, passes, rates, budgets, relays, usage =
	KEYS[6], unpack(KEYS, 8, 18)
-- include shares.lua
-- include turns.lua
-- include rates.lua
-- include usage.lua
-- include passages.lua

call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
local record = call('HGET', KEYS[2], ARGV[1]) or ''
local last = tonumber(record:match('^%d+ (%d+)') or 0)
local known = tonumber(ARGV[7])
local beat = math.max(now, last + 1, known + 1) -- clocks of servers differ
if last <= known then
	for counter, number in ARGV[6]:gmatch('([^\t\n]+)\t(%d+)\n') do
		call('HINCRBY', KEYS[4], counter, number)
	end
end
call('HSET', KEYS[2], ARGV[1], string.format('%s %d %s', ARGV[3], beat, ARGV[4]))
local expired = call('ZRANGEBYSCORE', KEYS[7], '-inf', now, 'LIMIT', 0, 100)
if expired[1] then
	call('ZREM', KEYS[7], unpack(expired))
	call('ZREM', KEYS[5], unpack(expired))
	call('HDEL', index_about, unpack(expired))
end

-- When it was created (ms), if it is open.
local function open_since(id)
	local about = call('HGET', index_about, id)
	return tonumber(about and about:match('^(%d+) %d+ open '))
end

-- A seat that is not that of an open job, and has not been for a while: whoever should have given it
-- back may have died.
local function doubted_seat()
	local id, since = (call('HGET', shares, 'doubted') or ''):match('^(.*) (%d+)$')
	if not id then
		id = call('HRANDFIELD', seats)
		if id and not open_since(id) then
			call('HSET', shares, 'doubted', id .. ' ' .. string.format('%d', now))
		end
	elseif now - since >= DOUBTED_MS then
		call('HDEL', shares, 'doubted')
		return call('HEXISTS', seats, id) == 1 and not open_since(id) and id
	end
end

-- One that is open for long, if that is true: in turns the eldest, and any that has a seat.
local function long_open()
	local id = beat % 2 == 1 and call('HRANDFIELD', seats) or call('ZRANGE', KEYS[5], 0, 0)[1]
	local created = id and open_since(id)
	return created and created + DOUBTED_MS < now and id
end

local function note_room(room)
	local before = call('HGET', rooms, ARGV[1]) or 0
	if record == '' or room ~= tonumber(before) or call('HEXISTS', shares, 'capacity') == 0 then
		call('HSET', rooms, ARGV[1], room)
		local capacity = 0
		for _, other in ipairs(call('HVALS', rooms)) do
			capacity = capacity + other
		end
		call('HSET', shares, 'capacity', capacity)
	end
end

local function forget_buried()
	for _, known in ipairs({KEYS[2], rooms}) do
		for _, name in ipairs(call('HKEYS', known)) do
			if not call('ZSCORE', KEYS[1], name) then
				call('HDEL', KEYS[2], name)
				call('SREM', KEYS[3], name)
				call('HDEL', rooms, name)
			end
		end
	end
end

if ARGV[5] ~= '' and call('SISMEMBER', KEYS[3], ARGV[5]) == 1 then
	call('SADD', KEYS[3], ARGV[1])
end
if record == '' then
	call('HDEL', rooms, ARGV[5])
	forget_buried()
end
note_room(tonumber(ARGV[8]))
give_back_lost_passages(relays)
local more = give_turns(TURNS) and 1 or 0
return {call('SISMEMBER', KEYS[3], ARGV[1]), beat, doubted_seat() or long_open() or '', more,
	unpack(call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 16))}
