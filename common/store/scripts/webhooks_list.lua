-- What is known of webhooks: of the endpoints, and, in pieces, of the deliveries that have not
-- arrived. Those that are dead come with the first piece, the latest first. Of those that wait each
-- piece looks at so many, of an endpoint those that are due last first, as it is the tried ones that
-- are due later; of an endpoint that many wait for, not at all.
--
-- KEYS  webhooks, webhooks about, webhooks dead, webhooks endpoints: as in shared/deliveries.lua
-- ARGV  where an earlier piece has ended, or ""
--       the endpoints that are configured, a line each, which begins with its name and a blank
--       how many deliveries are wanted at most
--       of what waits only what was tried later than that (ms), or then and is due before that (ms)
-- Reply {where this piece has ended, or "" if it is the last one, {id, what is known of it, when it
--       died (ms) or 0, id, …}}
--       and behind these in the first piece: now (ms), how many wait, how many are dead, {name of an
--       endpoint, how many wait for it, failures in a row, until when it rests (ms), 1 if it is off,
--       name, …}
-- include deliveries.lua

local call = redis.call
local WAITING, ABOUT, DEAD, ENDPOINTS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local PIECE, SHARE = 200, 5000
local from, configured, most = ARGV[1], ARGV[2], ARGV[3]
local tried_after, due_before = tonumber(ARGV[4]), tonumber(ARGV[5])

local found = {}

local function add(id, line, died)
	local n = #found
	found[n + 1], found[n + 2], found[n + 3] = id, line, died
end

local function list_dead()
	local entries = call('ZRANGE', DEAD, 0, most - 1, 'REV', 'WITHSCORES')
	for i = 1, #entries, 2 do
		local line = call('HGET', ABOUT, entries[i])
		if line then
			add(entries[i], line, ms(entries[i + 1] - WEEK_MS))
		end
	end
end

local function is_wanted(line)
	local due, tried = line:match('^%S+ %S+ %S+ %d+ %d+ (%d+) %d+ %d+ (%d+) ')
	due, tried = tonumber(due), tonumber(tried)
	return due and (tried > tried_after or tried == tried_after and due < due_before)
end

-- Returns where it has ended: how many of the endpoint's were looked at, a blank, the last of them.
local function list_waiting()
	local taken, last = from:match('^(%d+) (.*)$')
	local name = last and last:match('^%S+')
	local members = call('ZRANGE', WAITING, last and '(' .. last or '+', '-', 'BYLEX', 'REV',
		'LIMIT', 0, PIECE)
	for _, member in ipairs(members) do
		local its_name, id = member:match('^%S*'), member:match('%S*$')
		taken = its_name == name and taken + 1 or 1
		name, last = its_name, member
		local line = call('HGET', ABOUT, id)
		if line and is_wanted(line) then
			add(id, line, '0')
		end
		if taken >= SHARE then
			return '0 ' .. name .. ' ' -- before all of its own
		end
	end
	return #members == PIECE and taken .. ' ' .. last or ''
end

local endpoints = {}

local function add_endpoint(name)
	local failures, rests_until, off = endpoint_read(ENDPOINTS, name)
	local waiting = call('ZLEXCOUNT', WAITING, '[' .. name .. ' ', '(' .. name .. '!')
	for _, value in ipairs({name, waiting, failures, rests_until, off ~= '' and 1 or 0}) do
		endpoints[#endpoints + 1] = value
	end
end

local function list_endpoints()
	local known = {}
	for name in configured:gmatch('(%S+) [^\n]*\n') do
		known[name] = true
		add_endpoint(name)
	end
	each_waiting_endpoint(WAITING, function(name)
		if not known[name] then
			add_endpoint(name)
		end
	end)
end

if from ~= '' then
	return {list_waiting(), found}
end
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
list_endpoints()
list_dead()
return {list_waiting(), found, now, call('ZCARD', WAITING), call('ZCARD', DEAD), endpoints}
