-- Extends a worker's lease, notes what there is to be known of the worker, adds what it has counted
-- to the counters, and names workers whose lease has ended. Time is the server's, so that the clocks
-- of the machines need not agree. On the way, some of what has expired is taken out of the index,
-- and if the eldest entry there is open, it is named, so that the worker sees whether that is true.
-- With its first beat a worker removes what others, of another version perhaps, have left of those
-- that were buried.
--
-- KEYS  workers (sorted set: worker, end of its lease in ms)
--       workers about (hash: worker, "<streams> <beat ms> <started s> <pid> <version> <host>")
--       draining (set of workers)
--       counters, index, index about, index ended: as in enqueue.lua
-- ARGV  worker, length of a lease (ms), how many streams it has, "<started s> <pid> <version> <host>"
--       the worker whose place it has taken, and that it is to drain like; or ""
--       what to count: of each a counter, a tab, a number and a line's end
--       the time (ms) of its last beat that it knows to have been made, or 0
-- Reply 1 if the worker is to give its jobs away, or 0; the time of this beat (ms); the id that is to
--       be looked up, or ""; then the names of at most 16 workers
--
-- A worker that has had no answer sends the same counts again, even if there were none. They are
-- added once: if they have been already, its record is of a later beat than the last that it knows
-- of.
local DOUBTED_MS = 60000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
local record = redis.call('HGET', KEYS[2], ARGV[1]) or ''
local last = tonumber(record:match('^%d+ (%d+)') or 0)
local known = tonumber(ARGV[7])
local beat = math.max(now, last + 1, known + 1) -- clocks of servers differ
if last <= known then
	for counter, number in ARGV[6]:gmatch('([^\t\n]+)\t(%d+)\n') do
		redis.call('HINCRBY', KEYS[4], counter, number)
	end
end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%s %d %s', ARGV[3], beat, ARGV[4]))
local expired = redis.call('ZRANGEBYSCORE', KEYS[7], '-inf', now, 'LIMIT', 0, 100)
if expired[1] then
	redis.call('ZREM', KEYS[7], unpack(expired))
	redis.call('ZREM', KEYS[5], unpack(expired))
	redis.call('HDEL', KEYS[6], unpack(expired))
end

local function eldest_open()
	local id, created = unpack(redis.call('ZRANGE', KEYS[5], 0, 0, 'WITHSCORES'))
	local about = id and created + DOUBTED_MS < now and redis.call('HGET', KEYS[6], id)
	return about and about:find('^%d+ %d+ open ') and id or ''
end

local function forget_buried()
	for _, name in ipairs(redis.call('HKEYS', KEYS[2])) do
		if not redis.call('ZSCORE', KEYS[1], name) then
			redis.call('HDEL', KEYS[2], name)
			redis.call('SREM', KEYS[3], name)
		end
	end
end

if ARGV[5] ~= '' and redis.call('SISMEMBER', KEYS[3], ARGV[5]) == 1 then
	redis.call('SADD', KEYS[3], ARGV[1])
end
if record == '' then
	forget_buried()
end
return {redis.call('SISMEMBER', KEYS[3], ARGV[1]), beat, eldest_open(),
	unpack(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 16))}
