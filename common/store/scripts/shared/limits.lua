-- What a key may ask for. Its limits are a line with blanks between: rpm, tpm, max_parallel,
-- max_queue, weight, max_budget, the budget's duration (ms), each "-" if there is none, and how many
-- tokens are reserved for what is asked for; or "", which leaves all as it is and refuses nothing.
--
-- It takes what accounts.lua takes and has.
local LIMITED_BY_REQUESTS, LIMITED_BY_TOKENS, LIMITED_BY_QUEUE = 4, 5, 6
local LIMITED_BY_BUDGET, LIMITED_BY_PARALLEL = 7, 10
local LIMIT_NAMES = {[4] = 'rpm', [5] = 'tpm', [6] = 'max_queue', [7] = 'max_budget',
	[10] = 'max_parallel'}
local FULL_MS = 1000 -- nobody knows when one of them ends

local function limits_read(line)
	local rpm, tpm, parallel, queue, weight, budget, every, reserved = line:match(
		'^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%d+)$')
	return {rpm = tonumber(rpm), tpm = tonumber(tpm), parallel = tonumber(parallel),
		queue = tonumber(queue), budget = tonumber(budget), every = tonumber(every) or 0,
		reserved = tonumber(reserved or 0),
		in_shares = (weight or '1') .. ' ' .. (parallel or '-')}
end

local function left_now(kept, at, per_minute)
	kept = tonumber(kept)
	return kept and math.min(per_minute, kept + math.max(0, now - at) * per_minute / 60000) or
		per_minute
end

-- What is left before anything is charged: of requests, and of tokens.
local function rates_read(limits, tenant)
	if not limits.rpm and not limits.tpm then
		return {}
	end
	local requests, requests_at, tokens, tokens_at = (call('HGET', rates, tenant) or '')
		:match('^(%S+) (%S+) (%S+) (%S+)$')
	return {requests = limits.rpm and left_now(requests, requests_at, limits.rpm),
		tokens = limits.tpm and left_now(tokens, tokens_at, limits.tpm)}
end

-- How long (ms) until so much is left.
local function wait_for(left, wanted, per_minute)
	return math.max(1, math.ceil((wanted - left) * 60000 / per_minute))
end

-- Why it is too much, or nil; and how long to wait (ms).
local function rates_refuse(limits, left)
	if left.requests and left.requests < 1 then
		return LIMITED_BY_REQUESTS, wait_for(left.requests, 1, limits.rpm)
	end
	if left.tokens and left.tokens < limits.reserved then
		return LIMITED_BY_TOKENS, wait_for(left.tokens, limits.reserved, limits.tpm)
	end
end

local function rates_charge(limits, tenant, left)
	if not left.requests and not left.tokens then
		return
	end
	left.requests = left.requests and left.requests - 1
	left.tokens = left.tokens and left.tokens - limits.reserved
	local line
	local at = string.format('%d', now)
	if left.requests and left.tokens then
		line = string.format('%.3f %s %.3f %s', left.requests, at, left.tokens, at)
	elseif left.requests then
		line = string.format('%.3f %s - -', left.requests, at)
	else
		line = string.format('- - %.3f %s', left.tokens, at)
	end
	call('HSET', rates, tenant, line)
end

-- As headers tell it: the limit, what is left, and how long until all is (ms); -1 where there is none.
local function rate_tell(most, kept)
	if not most then
		return -1, -1, -1
	end
	return most, math.max(0, math.floor(kept)), math.ceil((most - kept) * 60000 / most)
end

-- The same of requests and of tokens, behind why something is refused and how long to wait (ms).
local function rates_tell(limits, left, why, wait)
	local requests, its_left, its_reset = rate_tell(limits.rpm, left.requests)
	return {why, wait, requests, its_left, its_reset, rate_tell(limits.tpm, left.tokens)}
end

-- Why nothing more may be spent, or nil; and how long until it may (ms).
local function budget_refuse(limits, tenant)
	if not limits.budget then
		return
	end
	local spent, ends, every = budget_read(tenant)
	if not spent or every ~= limits.every then
		spent, ends = spent or 0, limits.every > 0 and now + limits.every or 0
		budget_write(tenant, spent, ends, limits.every)
	end
	if spent >= limits.budget then
		return LIMITED_BY_BUDGET, ends > 0 and ends - now or 0
	end
end

-- Why a request is refused, or nil, and how long to wait (ms). left is what rates_read() says; full is
-- a limit of how many there may be, if that is reached, or nil.
local function limits_refuse(limits, tenant, left, full)
	local why, wait = budget_refuse(limits, tenant)
	if not why and full then
		return full, FULL_MS
	elseif not why then
		return rates_refuse(limits, left)
	end
	return why, wait
end
