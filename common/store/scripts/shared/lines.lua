-- Lines, and which of them have turns; shares.lua says what both are.
--
-- It takes call, shares, lines, turns and passes as locals.
local TIER = 1e11 -- of virtual time, so that a tier stands behind the one above it
local LINE = lines:sub(1, -2) .. ':'

-- In which line a job has to stand, and its tenant, by what the index says of it; nil if that is
-- nothing.
local function line_of(about)
	local tenant, rest = (about or ''):match(
		'^%d+ %d+ %S+ ([^\31]*)\31[^\31]*\31[^\31]*(.*)$')
	return tenant and (rest:match('^\31[^\31]*\31(%d)') or '1') .. tenant, tenant
end

-- Where a line begins that comes anew, in its tier's time.
local function beginning(line)
	local pace = tonumber(call('HGET', shares, 'pace' .. line:sub(1, 1)) or 0)
	return math.max(pace, tonumber(call('HGET', passes, line) or 0))
end

local function enter_turns(line)
	call('ZADD', turns, 'NX', line:sub(1, 1) * TIER + beginning(line), line)
end

local function leave_turns(line)
	local score = call('ZSCORE', turns, line)
	if score then
		call('ZREM', turns, line)
		call('HSET', passes, line, score - line:sub(1, 1) * TIER)
	end
end

-- A tenant has as many running as it may have, or one less again.
local function block(tenant)
	for tier = 0, 2 do
		leave_turns(tier .. tenant)
	end
end

local function unblock(tenant)
	for tier = 0, 2 do
		if call('HEXISTS', lines, tier .. tenant) == 1 then
			enter_turns(tier .. tenant)
		end
	end
end

-- Nobody stands in a line any more.
local function close_line(line)
	call('HDEL', lines, line)
	leave_turns(line)
	if call('EXISTS', lines) == 0 then
		call('DEL', turns, passes)
		call('HDEL', shares, 'waiting', 'pace0', 'pace1', 'pace2', 'served0', 'served1',
			'served2', 'favoured')
	end
end

local function shorten(line, count)
	call('HINCRBY', shares, 'waiting', -count)
	if call('HINCRBY', lines, line, -count) <= 0 then
		close_line(line)
	end
end
