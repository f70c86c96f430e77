-- What a key may ask for. Its limits are a line with blanks between: rpm, tpm, max_parallel,
-- max_queue, weight, max_budget, the budget's duration (ms), each "-" if there is none, and how many
-- tokens are reserved for what is asked for.
--
-- It takes call, now, rates and budgets as locals; rates.lua and budgets.lua say what these are. Here
-- are few functions that share little, as each create pays for them.
local LIMIT_NAMES = {[4] = 'rpm', [5] = 'tpm', [6] = 'max_queue', [7] = 'max_budget',
	[10] = 'max_parallel'} -- by the number that stands for it in a reply

-- All in thousandths, but for how long ago (ms) so much was kept.
local function left_now(kept, ago, per_minute)
	kept = tonumber(kept)
	return kept and math.min(per_minute, kept + ago * per_minute / 60000) or per_minute
end

-- The limits, and how many thousandths of requests and of tokens are left before anything is charged.
local function limits_read(line, tenant)
	local rpm, tpm, parallel, queue, weight, budget, every, reserved = line:match(
		'^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%d+)$')
	rpm, tpm = tonumber(rpm), tonumber(tpm)
	local requests, tokens, at
	if rpm or tpm then
		requests, tokens, at = (call('HGET', rates, tenant) or ''):match(
			'^(%S+) (%S+) (%d+)$')
	end
	local ago = at and math.max(0, now - at)
	return {rpm = rpm, requests = rpm and left_now(requests, ago, rpm * 1000),
		tpm = tpm, tokens = tpm and left_now(tokens, ago, tpm * 1000),
		parallel = tonumber(parallel), queue = tonumber(queue),
		budget = tonumber(budget), every = tonumber(every) or 0, reserved = tonumber(reserved),
		in_shares = weight .. ' ' .. parallel}
end

-- Which limit refuses a request, or nil, and how long to wait (ms). full is one of how many there may
-- be, if that is reached, or nil: nobody knows when it ends.
local function limits_refuse(limits, tenant, full)
	local RPM, TPM, MAX_BUDGET, FULL_MS = 4, 5, 7, 1000
	if limits.budget then
-- include budgets.lua
		local spent, ends, every = budget_read(tenant)
		if not spent or every ~= limits.every then
			spent, ends = spent or 0, limits.every > 0 and now + limits.every or 0
			budget_write(tenant, spent, ends, limits.every)
		end
		if spent >= limits.budget then
			return MAX_BUDGET, ends > 0 and ends - now or 0
		end
	end
	if full then
		return full, FULL_MS
	end
	local requests, tokens, reserved = limits.requests, limits.tokens, limits.reserved * 1000
	if requests and requests < 1000 then
		return RPM, math.max(1, math.ceil((1000 - requests) * 60 / limits.rpm))
	end
	if tokens and tokens < reserved then
		return TPM, math.max(1, math.ceil((reserved - tokens) * 60 / limits.tpm))
	end
end

-- Returns what is left then, as rates has it, or nil if neither is limited.
local function rates_charge(limits, tenant)
	local requests, tokens = limits.requests, limits.tokens
	local line
	if requests and tokens then
		requests, tokens = requests - 1000, tokens - limits.reserved * 1000
		line = string.format('%d %d %d', requests, tokens, now)
	elseif requests then
		requests = requests - 1000
		line = string.format('%d - %d', requests, now)
	elseif tokens then
		tokens = tokens - limits.reserved * 1000
		line = string.format('- %d %d', tokens, now)
	else
		return
	end
	limits.requests, limits.tokens = requests, tokens
	call('HSET', rates, tenant, line)
	return line
end

-- What headers tell, behind why something is refused and how long to wait (ms): of requests and then
-- of tokens the limit, what is left, and how long until all is (ms); -1 where there is none.
local function rates_tell(limits, why, wait)
	local rpm, requests, tpm, tokens = limits.rpm, limits.requests, limits.tpm, limits.tokens
	local floor, ceil = math.floor, math.ceil
	return {why, wait, rpm or -1, rpm and (requests > 0 and floor(requests / 1000) or 0) or -1,
		rpm and ceil((rpm * 1000 - requests) * 60 / rpm) or -1, tpm or -1,
		tpm and (tokens > 0 and floor(tokens / 1000) or 0) or -1,
		tpm and ceil((tpm * 1000 - tokens) * 60 / tpm) or -1}
end
