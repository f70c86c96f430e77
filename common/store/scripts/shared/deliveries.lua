-- Deliveries of webhooks, each of the end of one response to one endpoint. What is known of one is a
-- line, under its id in a hash: its endpoint; the response's id, how that has ended, when (ms), and
-- when it expires (ms); when it is due (ms), or 0 if it is dead; how many tries have failed; the
-- number of its last claim, which each claim raises, and each report; when the last try ended (ms,
-- or 0), and why that failed.
--
-- Those that wait or are under way are in a sorted set as "<endpoint> <due, 15 digits> <id>", all of
-- the same score: so those of an endpoint stand together, the soonest first. Those that are dead are
-- in another, by when they are forgotten (ms).
--
-- Beside these keys, of each endpoint whose last delivery has failed, or which has asked for a rest, a
-- hash has how many have in a row, until when it rests (ms), and, if it has asked to be told nothing
-- any more, the digest of its configuration then.
local WEEK_MS = 7 * 24 * 3600 * 1000
local MOST_DELIVERIES = 100000 -- that wait, and that are dead

local function ms(number)
	return string.format('%d', number)
end

local function delivery_id(response, endpoint)
	return 'wh_' .. redis.sha1hex(response .. '\n' .. endpoint):sub(1, 32)
end

-- nil if there is no line, or another's. That stops nobody: others' deliveries stand beside it.
local function delivery_read(line)
	local endpoint, response, how, ended, gone, due, tries, claims, tried, why = (line or '')
		:match('^(%S+) (%S+) (%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (.*)$')
	return endpoint and {endpoint = endpoint, response = response, how = how, ended = tonumber(ended),
		gone = tonumber(gone), due = tonumber(due), tries = tonumber(tries),
		claims = tonumber(claims), tried = tonumber(tried), why = why}
end

local function delivery_line(d)
	return table.concat({d.endpoint, d.response, d.how, ms(d.ended), ms(d.gone), ms(d.due),
		d.tries, d.claims, ms(d.tried), d.why}, ' ')
end

local function due_member(d, id)
	return string.format('%s %015d %s', d.endpoint, d.due, id)
end

-- Forgets a delivery, wherever it is.
local function delivery_drop(waiting, about, dead, id, d)
	redis.call('ZREM', waiting, due_member(d, id))
	redis.call('ZREM', dead, id)
	redis.call('HDEL', about, id)
end

-- Puts one that waits, or is dead, at another time.
local function delivery_move(waiting, about, id, d, due)
	redis.call('ZREM', waiting, due_member(d, id))
	d.due = due
	redis.call('ZADD', waiting, '0', due_member(d, id))
	redis.call('HSET', about, id, delivery_line(d))
end

-- Keeps one that is tried no more, for a week.
local function delivery_bury(waiting, about, dead, id, d, now)
	redis.call('ZREM', waiting, due_member(d, id))
	d.due = 0
	redis.call('HSET', about, id, delivery_line(d))
	redis.call('ZADD', dead, ms(now + WEEK_MS), id)
	if redis.call('ZCARD', dead) > MOST_DELIVERIES then
		redis.call('HDEL', about, redis.call('ZPOPMIN', dead)[1])
	end
end

-- How many deliveries to an endpoint have failed in a row, until when it rests, and the digest that
-- it had when it was turned off, or "".
local function endpoint_read(endpoints, name)
	local line = redis.call('HGET', endpoints, name) or ''
	local failures, rests_until, off = line:match('^(%d+) (%d+) (%S*)$')
	return tonumber(failures or 0), tonumber(rests_until or 0), off or ''
end

-- Calls fn with the name of each endpoint that something waits for, or is under way to; of more than
-- a hundred with those that come first.
local function each_waiting_endpoint(waiting, fn)
	local from = '-'
	for _ = 1, 100 do
		local member = redis.call('ZRANGEBYLEX', waiting, from, '+', 'LIMIT', 0, 1)[1]
		if not member then
			return
		end
		local name = member:match('^%S*')
		fn(name)
		from = '(' .. name .. '!' -- behind the blank
	end
end
