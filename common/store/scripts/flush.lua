-- Writes what changed of responses, and the events that tell of it, each if the writer still owns
-- its job. A write with a terminal state also ends the job. Of all commands this is the one that is
-- sent most, so the writes of many responses go in one call, and each says little.
--
-- KEYS  of one server: the job of each write; the other keys stand in it between the braces, or are
--       made of it, and are named nowhere else
--       of a Cluster: the job, the response, the events and the request of the only write, as far
--       as it has to do with them; what is not named would seem to be missing while its slot moves
-- ARGV  how many writes there are; then of each
--       a line of fields, separated by a blank:
--         how many more arguments the write has
--         flags: w the whole text, r renew the time to live, d there is a deployment, e the write
--           ends the job, s there are slots, v the response is streamed; or - for none
--         what the length of the stored text must be; 0 with w
--         the fence
--         the number of writes since the claim that changed the text: before this one, or with w,
--           with this one. One that a failover has lost may have kept the length
--         with s, the offsets of the status slots of items in progress: cancel.lua writes there
--       with w the text, else of each patch its offset and its bytes
--       with d, which is never there with e, the deployment that answers: for operators
--       with e the terminal state; for how long what was asked is kept for another try (s), or 0;
--         what was used, as in shared/usage.lua, or "-" if nobody knows; and behind a blank the
--         deployment that has answered, if that is known: a response that continues this one begins
--         there
--       with v the number of the first event that the writer does not know to be stored, and these
--         events, one behind the other, each with its blank line; those that are stored all the same
--         are skipped
-- Reply an array with one element for each write:
--       1 written, also if this writer has ended the job in the same way before
--       0 the job is terminal: cancelled
--       2 the stored text is not what the writer thinks: the whole text is needed
--       3 the job is not the writer's any more: it was reclaimed, and has ended perhaps
--       4 events before the first one are not stored any more: a failover has lost them
--       5 the job is gone: deleted or expired
--       an error: it is not known what of this write was done
--       With any other but 1, nothing is written, neither text nor events. What was written and is
--       sent again, with the whole text, changes nothing.
--
-- To the readers goes a line, "<first> <count>" of the events and " ended" with a terminal state,
-- and behind it the events, unless these are so many that they had better be read.
local PUBLISHED = 65536 -- bytes of events

local function tell(events, first, text, stored, ending)
	local number, new, from = first, {}, 1
	local _, to = text:find('\n\n', 1, true)
	while to do
		if number >= stored then
			new[#new + 1] = text:sub(from, to)
		end
		number, from = number + 1, to + 1
		_, to = text:find('\n\n', from, true)
	end
	for i = 1, #new, 1000 do -- unpack() and commands have their limits
		redis.call('RPUSH', events, unpack(new, i, math.min(i + 999, #new)))
	end
	if number > first or ending then
		redis.pcall('PUBLISH', events, first .. ' ' .. number - first ..
			(ending and ' ended\n' or '\n') .. (#text <= PUBLISHED and text or ''))
	end
end

-- Why the job is not the writer's to write, in the state that it is in; ended is the one in which the
-- writer ends it, if it does.
local function refusal(job, state, fence, ended)
	if not state then
		return 5
	elseif state == 'cancelled' then
		return 0
	elseif state == 'queued' or redis.call('HGET', job, 'fence') ~= fence then
		return 3
	elseif state == 'in_progress' then
		return 2
	end
	return state == ended and 1 or 3
end

-- Keeps what was asked of the provider, which goes from the job as that ends.
local function keep_request(job, prefix, response, ttl)
	local key = prefix .. 'litellm:polling:request:{' .. response .. '}'
	local request, headers = unpack(redis.call('HMGET', job, 'request', 'headers'))
	redis.call('HSET', key, 'request', request or '', 'headers', headers or '')
	redis.call('EXPIRE', key, ttl)
end

local JOB = 'litellm:polling:job:{'

local function write(job, at)
	local count, flags, length, fence, writes, slots =
		ARGV[at]:match('^(%d+) (%S+) (%d+) (%d+) (%d+) ?(.*)$')
	local whole, renewing, answering, ending, streamed, tells_slots
	if flags ~= '-' then
		whole, renewing = flags:find('w', 1, true), flags:find('r', 1, true)
		ending, streamed = flags:find('e', 1, true), flags:find('v', 1, true)
		tells_slots, answering = flags:find('s', 1, true), flags:find('d', 1, true)
	end
	local known = whole and fence or fence .. ' ' .. writes
	local fields = redis.call('HMGET', job, 'state', 'writes')
	local stored = whole and fields[2] and fields[2]:match('^%d+') or fields[2]
	if fields[1] ~= 'in_progress' or stored ~= known then
		return refusal(job, fields[1], fence,
			ending and ARGV[at + count - (streamed and 2 or 0)]:match('^%S+'))
	end
	local from, to = job:find(JOB, 1, true)
	local response = job:sub(to + 1, -2)
	local now = redis.call('STRLEN', response)
	if now == 0 then
		return 5
	end
	local last = at + count
	local events, first, text, told
	if streamed then
		events = job:sub(1, from - 1) .. 'litellm:polling:events:{' .. response .. '}'
		first, text, last = tonumber(ARGV[last - 1]), ARGV[last], last - 2
		told = redis.call('LLEN', events)
		if told < first then
			return 4
		end
		renewing = renewing or told == 0
	end
	if not whole and now ~= tonumber(length) then
		return 2
	end

	local ttl = renewing and redis.call('HGET', job, 'ttl')
	if whole then
		redis.call('SET', response, ARGV[at + 1], 'EX', ttl)
		redis.call('HSET', job, 'writes', known .. ' ' .. writes)
	elseif last - ((ending or answering) and 1 or 0) > at then
		for i = at + 1, last - 1, 2 do
			redis.call('SETRANGE', response, ARGV[i], ARGV[i + 1])
		end
		redis.call('HSET', job, 'writes', fence .. ' ' .. writes + 1)
	end
	if answering then
		redis.call('HSET', job, 'answering', ARGV[last])
	end
	if ending then
		local ended, kept, use, deployment = ARGV[last]:match('^(%S+) (%d+) (%S+) ?(.*)$')
		redis.call('HSET', job, 'state', ended)
		if use ~= '-' then
			redis.call('HSET', job, 'use', use)
		end
		if deployment ~= '' then
			redis.call('HSET', job, 'deployment', deployment)
		end
		ttl = math.min(ttl, redis.call('HGET', job, 'unstored_ttl') or ttl)
		if kept ~= '0' then
			keep_request(job, job:sub(1, from - 1), response, math.min(ttl, kept))
		end
		redis.call('HDEL', job, 'owner', 'request', 'headers', 'slots', 'answering')
	elseif tells_slots then
		redis.call('HSET', job, 'slots', slots)
	end
	if events then
		tell(events, first, text, told, ending)
	end
	if ttl then
		redis.call('EXPIRE', response, ttl)
		redis.call('EXPIRE', job, ttl)
		if events then
			redis.call('EXPIRE', events, ttl)
		end
	end
	return 1
end

local replies, at = {}, 2
for i = 1, tonumber(ARGV[1]) do
	local done, reply = pcall(write, KEYS[i], at)
	if not done and type(reply) ~= 'table' then
		reply = redis.error_reply(reply)
	end
	replies[i] = reply
	at = at + 1 + ARGV[at]:match('^%d+')
end
return replies
