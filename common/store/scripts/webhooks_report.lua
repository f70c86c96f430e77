-- What has become of a delivery that was claimed, and what that says of its endpoint. It counts if
-- the claim is still the last one and nothing was told of it yet, so that it can be told again if
-- the reply is lost. A success ends the endpoint's rest, unless it has asked for that.
--
-- KEYS  webhooks, webhooks about, webhooks dead, webhooks endpoints, counters: as in
--       webhooks_claim.lua
-- ARGV  id, the number of the claim
--       "delivered"; "failed", to be tried again; "dead", failed for the last time; "dropped", as
--         there is nothing to tell any more; or "released", as nobody has tried
--       the counter of deliveries, without its label
--       when the response expires (ms), as far as is known
--       ms until it is due again
--       why it failed
--       ms for which the endpoint wants to be left alone, or 0
--       the digest of the endpoint's configuration if it wants to be told nothing any more, or ""
-- Reply {1, failures of the endpoint in a row, ms that it rests from now on}
--       0 if the claim does not count any more
-- include deliveries.lua

local call = redis.call
local WAITING, ABOUT, DEAD, ENDPOINTS, COUNTERS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local REST_MS = 5 * 60 * 1000
local REST_AFTER = 10 -- failures in a row

local id, claim, outcome, counter, gone, pause, why, alone, off = unpack(ARGV)
local d = delivery_read(call('HGET', ABOUT, id))
if not d or d.claims ~= tonumber(claim) or d.due == 0 then
	return 0
end
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local failures, rests_until, was_off = endpoint_read(ENDPOINTS, d.endpoint)

local function note_failure()
	failures = failures + 1
	rests_until = math.max(rests_until, now + alone)
	if failures >= REST_AFTER then
		rests_until = math.max(rests_until, now + REST_MS)
	end
	call('HSET', ENDPOINTS, d.endpoint,
		ms(failures) .. ' ' .. ms(rests_until) .. ' ' .. (off ~= '' and off or was_off))
	d.tries, d.tried, d.why = d.tries + 1, now, why
end

local function note_success()
	local asked_for_rest = failures < REST_AFTER and rests_until > now
	failures, rests_until = 0, asked_for_rest and rests_until or 0
	if asked_for_rest or was_off ~= '' then
		call('HSET', ENDPOINTS, d.endpoint, '0 ' .. ms(rests_until) .. ' ' .. was_off)
	else
		call('HDEL', ENDPOINTS, d.endpoint)
	end
end

d.gone = tonumber(gone)
d.claims = d.claims + 1
if outcome == 'released' then
	delivery_move(WAITING, ABOUT, id, d, now + pause)
	return {1, failures, math.max(0, rests_until - now)}
end
call('HINCRBY', COUNTERS, counter .. '\31' .. outcome, '1')
if outcome == 'failed' then
	note_failure()
	delivery_move(WAITING, ABOUT, id, d, now + pause)
elseif outcome == 'dead' then
	note_failure()
	delivery_bury(WAITING, ABOUT, DEAD, id, d, now)
else
	delivery_drop(WAITING, ABOUT, DEAD, id, d)
	if outcome == 'delivered' then
		note_success()
	end
end
return {1, failures, math.max(0, rests_until - now)}
