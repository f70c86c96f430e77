-- Looks at so many responses of the index, the latest first, and names those that may be meant. What
-- state one is in its job knows better; here it is only known which have certainly ended otherwise.
--
-- KEYS  index, index about
-- ARGV  the id behind which to begin, or ""; when that was created (ms), as an earlier reply has it,
--       for the case that it is gone since, or "" if it must be there
--       how long ago they were created, at least (ms)
--       the status, "open" for those that have not ended, or "" for any
--       1 for those of a tenant only, or 0; the tenant
--       the model, as the client named it or by its label, or "" for any
--       how many to name at most
-- Reply {now (ms), 1 if all were looked at, the last one that was, when that was created (ms),
--       {id, when it was created, id, …}}
--       {} if that one is not there
local MOST, PIECE = 500, 50
local after, since, age, status, by_tenant, tenant, model, most = unpack(ARGV)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local from = 0
if after ~= '' then
	local rank = redis.call('ZREVRANK', KEYS[1], after)
	if not rank and since == '' then
		return {}
	end
	from = rank and rank + 1 or redis.call('ZCOUNT', KEYS[1], since, '+inf')
end
if age ~= '0' then
	from = math.max(from, redis.call('ZCOUNT', KEYS[1], '(' .. now - age, '+inf'))
end

local tenant_shown, model_shown = tenant:gsub('%c', '?'), model:gsub('%c', '?')
local function fits(about)
	local its_status, its_tenant, its_label, its_model =
		about:match('^%d+ %d+ (%S+) (.-)\31(.-)\31([^\31]*)')
	return its_status and (status == '' or its_status == 'open' or its_status == status) and
		(by_tenant == '0' or its_tenant == tenant_shown) and
		(model == '' or its_model == model or its_label == model_shown)
end

-- Puts those that fit of the next few into found, until these are enough. Returns how many it has
-- looked at, and the last of them with the time.
local function look(from, found, torn)
	local entries = redis.call('ZRANGE', KEYS[1], from, from + PIECE - 1, 'REV', 'WITHSCORES')
	local ids = {}
	for i = 1, #entries, 2 do
		ids[#ids + 1] = entries[i]
	end
	local abouts = ids[1] and redis.call('HMGET', KEYS[2], unpack(ids))
	for i, id in ipairs(ids) do
		if not abouts[i] then
			torn[#torn + 1] = id -- somebody was interrupted when taking it out
		elseif fits(abouts[i]) then
			found[#found + 1], found[#found + 2] = id, entries[2 * i]
			if #found >= 2 * most then
				return i, id, entries[2 * i]
			end
		end
	end
	return #ids, ids[#ids], entries[#entries]
end

local found, torn, looked_at, count = {}, {}, 0, PIECE
while #found < 2 * most and count == PIECE and looked_at < MOST do
	local last, created
	count, last, created = look(from + looked_at, found, torn)
	looked_at = looked_at + count
	after, since = last or after, created or since
end
if torn[#torn] == after then
	torn[#torn] = nil -- the next call begins behind it
end
if torn[1] then
	redis.call('ZREM', KEYS[1], unpack(torn))
end
return {now, #found < 2 * most and count < PIECE and 1 or 0, after, since, found}
