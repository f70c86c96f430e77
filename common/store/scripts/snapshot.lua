-- What there is at this moment: how much waits and is worked on, and who works, of relays those that
-- have been heard of in time. Time is the server's.
--
-- KEYS  queue, parked, index about, workers, workers about, draining, relays, relays about, paused,
--       shares, lines
-- ARGV  what the names of the workers' lists begin with. These keys are in the same slot, and cannot
--       be named beforehand, as only the workers say which there are: so of what is worked on some
--       is missing in the number while that slot moves. So it is with the lines of tenants
-- Reply {now (ms), how many wait, how many are worked on, ms that the next one has waited,
--       workers, relays, names of what is paused, in order}
--       of a worker {name, 1 if its lease has ended, 1 if it is draining, what it says of itself},
--       of a relay the same, with zeros; who has not said anything has ""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function waited(list)
	local id = redis.call('LINDEX', list, -1)
	local about = id and redis.call('HGET', KEYS[3], id)
	local since = about and about:match('^%d+ (%d+)')
	return since and math.max(0, now - since) or 0
end

local function longest_wait()
	local longest = math.max(waited(KEYS[1]), waited(KEYS[2]))
	for _, line in ipairs(redis.call('HKEYS', KEYS[11])) do
		longest = math.max(longest, waited(KEYS[11]:sub(1, -2) .. ':' .. line))
	end
	return longest
end

local function about_of(key)
	local fields, about = redis.call('HGETALL', key), {}
	for i = 1, #fields, 2 do
		about[fields[i]] = fields[i + 1]
	end
	return about
end

local draining = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[6])) do
	draining[name] = 1
end
local about, leases = about_of(KEYS[5]), redis.call('ZRANGE', KEYS[4], 0, -1, 'WITHSCORES')
local workers, running = {}, 0
for i = 1, #leases, 2 do
	local name = leases[i]
	running = running + redis.call('LLEN', ARGV[1] .. name)
	workers[#workers + 1] = {name, tonumber(leases[i + 1]) <= now and 1 or 0,
		draining[name] or 0, about[name] or ''}
end

local relays = {}
about = about_of(KEYS[8])
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[7], '(' .. now, '+inf')) do
	relays[#relays + 1] = {name, 0, 0, about[name] or ''}
end

local paused = redis.call('SMEMBERS', KEYS[9])
table.sort(paused)
local stand = redis.call('HGET', KEYS[10], 'waiting') or 0
return {now, redis.call('LLEN', KEYS[1]) + redis.call('LLEN', KEYS[2]) + stand, running,
	longest_wait(), workers, relays, paused}
