-- Ends what pause.lua began: what is not paused any more goes to the heads of its tenants' lines, in
-- its order.
--
-- KEYS  paused, queue, parked, index about
--       shares, seats, lines, turns, passes: as in shared/shares.lua
-- ARGV  the model, as clients name it or by its label; or "*"
-- Reply 1, or 0 if it was not paused
local call = redis.call
local queue, parked, index_about, shares, seats, lines, turns, passes = unpack(KEYS, 2, 9)
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- include shares.lua
-- include lengthen.lua
-- include turns.lua

if call('SREM', KEYS[1], ARGV[1]) == 0 then
	return 0
end
local PIECE = 1000 -- unpack() and commands have their limits
local paused = {}
for _, name in ipairs(call('SMEMBERS', KEYS[1])) do
	paused[name] = true
end
if paused['*'] then
	return 1
end

local lined_up, still_parked = {}, {} -- the ids of each line; how many of each tenant

local function push(list, ids)
	for from = 1, #ids, PIECE do
		call('RPUSH', list, unpack(ids, from, math.min(from + PIECE - 1, #ids)))
	end
end

local function line_up(id, about)
	local line = line_of(about)
	if not line then
		call('RPUSH', queue, id) -- nobody knows whose it is
		return
	end
	local ids = lined_up[line] or {}
	ids[#ids + 1], lined_up[line] = id, ids
end

local ids, kept = call('LRANGE', parked, 0, -1), {}
call('DEL', parked)
for from = 1, #ids, PIECE do
	local piece = {unpack(ids, from, math.min(from + PIECE - 1, #ids))}
	local abouts = call('HMGET', index_about, unpack(piece))
	for i, id in ipairs(piece) do
		local tenant, label, model = (abouts[i] or ''):match(
			'^%d+ %d+ %S+ ([^\31]*)\31([^\31]*)\31([^\31]*)')
		if paused[label or ''] or paused[model or ''] then
			kept[#kept + 1] = id
			still_parked[tenant] = (still_parked[tenant] or 0) + 1
		else
			line_up(id, abouts[i])
		end
	end
end
push(parked, kept)
for line, its_ids in pairs(lined_up) do
	local running, most = read_tenant(line:sub(2))
	push(LINE .. line, its_ids)
	if lengthen(line, #its_ids) and running < most then
		enter_turns(line)
	end
end
for _, field in ipairs(call('HKEYS', shares)) do
	if field:find('^parked\31') then
		call('HDEL', shares, field)
	end
end
for tenant, count in pairs(still_parked) do
	call('HSET', shares, 'parked\31' .. tenant, count)
end
give_turns(500)
return 1
