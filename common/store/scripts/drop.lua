-- Takes an id out of lists for good, as its job has ended or is gone; notes that in the index; and
-- takes what was counted for it out of the count, but for its context: Redis keeps that for ttl, and
-- so long it is counted.
--
-- That it has ended is counted when the index learns it, and only then, whoever brings it first.
-- What had ended before it is deleted goes out of the index, and nothing is counted.
--
-- KEYS  held, held until, index, index about, index ended, counters, minutes: as in enqueue.lua
--       the lists, if there are any
-- ARGV  id
--       how it has ended: a terminal state, or "deleted", which says that all of it is gone; "" if
--         nobody knows: then index and counters stay as they are
--       how long it is kept from now on (s), unless held says it
--       the counter of what has ended, without its labels
-- Reply how often the id was in the lists
-- include minutes.lua

local call = redis.call
local id, how = ARGV[1], ARGV[2]
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function count_end(label)
	call('HINCRBY', KEYS[6], ARGV[4] .. '\31' .. label .. '\31' .. how, '1')
	count_minute(KEYS[7], time, how)
end

local function note_end(kept)
	local about = call('HGET', KEYS[4], id)
	if not about then
		return
	end
	local times, state, rest = about:match('^(%d+ %d+) (%S+) (.*)$')
	if how == 'deleted' then
		call('HDEL', KEYS[4], id)
		call('ZREM', KEYS[3], id)
		call('ZREM', KEYS[5], id)
	elseif state == 'open' then
		call('HSET', KEYS[4], id, times .. ' ' .. how .. ' ' .. rest)
		call('ZADD', KEYS[5], string.format('%d', now + kept * 1000), id)
	end
	if state == 'open' then
		count_end(rest:match('^[^\31]*\31([^\31]*)'))
	end
end

local function discount(size, waiting, contexts)
	local bytes, context, ttl, kept = size:match('^(%d+) (%d+) (%d+) ?(%d*)')
	local keeps = context ~= '0' and how ~= 'deleted'
	if keeps and bytes == '0' then
		return kept -- it was in another list as well
	end
	waiting = waiting - bytes
	if keeps then
		call('HSET', KEYS[1], id, '0 ' .. context .. ' ' .. ttl .. ' ' .. kept,
			'waiting', waiting)
		call('ZADD', KEYS[2], now + ttl * 1000, id)
		return kept
	end
	contexts = contexts - context
	call('ZREM', KEYS[2], id)
	if waiting == 0 and contexts == 0 then
		call('DEL', KEYS[1])
	else
		call('HDEL', KEYS[1], id)
		call('HSET', KEYS[1], 'waiting', waiting, 'contexts', contexts)
	end
	return kept
end

local found = 0
for i = 8, #KEYS do
	found = found + call('LREM', KEYS[i], '0', id)
end
local size, waiting, contexts = unpack(call('HMGET', KEYS[1], id, 'waiting', 'contexts'))
local kept = size and discount(size, waiting, contexts)
if how ~= '' then
	note_end(tonumber(kept) or ARGV[3])
end
return found
