"""The clock of webhooks: hours of their schedule pass in a moment.

A delivery is due at a time that Redis holds, by Redis's clock. So what is held is shifted into the
past, all of it in one step, as shared/deliveries.lua says how it is kept.
"""

from harness import TOP
from operating import jobs_key

FORMAT = (TOP / "common/store/scripts/shared/deliveries.lua").read_text()
KEYS = ("webhooks", "webhooks:about", "webhooks:dead", "webhooks:endpoints")

# When a response has ended stays, as it is in the body: all tries of a delivery have the same one.
SHIFT = FORMAT + """
local waiting, about, dead, endpoints, by = KEYS[1], KEYS[2], KEYS[3], KEYS[4], tonumber(ARGV[1])
local ends_leases = ARGV[2] == '1'

local function earlier(time)
	return time == 0 and 0 or math.max(1, time - by)
end

redis.call('DEL', waiting)
local lines = redis.call('HGETALL', about)
for i = 1, #lines, 2 do
	local id, d = lines[i], delivery_read(lines[i + 1])
	d.gone, d.tried = earlier(d.gone), earlier(d.tried)
	if ends_leases or d.claims % 2 == 0 then
		d.due = earlier(d.due)
	end
	if d.due ~= 0 then
		redis.call('ZADD', waiting, '0', due_member(d, id))
	end
	redis.call('HSET', about, id, delivery_line(d))
end

for _, id in ipairs(redis.call('ZRANGE', dead, 0, -1)) do
	redis.call('ZINCRBY', dead, ms(-by), id)
end

for _, name in ipairs(redis.call('HKEYS', endpoints)) do
	local failures, rests_until, off = endpoint_read(endpoints, name)
	redis.call('HSET', endpoints, name,
		ms(failures) .. ' ' .. ms(earlier(rests_until)) .. ' ' .. off)
end
"""

READ = """
return {redis.call('ZRANGE', KEYS[1], 0, -1), redis.call('HGETALL', KEYS[2]),
	redis.call('ZRANGE', KEYS[3], 0, -1)}
"""


def keys_of(stack):
    return [stack.key(jobs_key(name)) for name in KEYS]


def pass_time(stack, seconds, ends_leases=True):
    """
    Makes all deliveries, and what is known of endpoints, older by so many seconds. So leases end, and
    what is under way is claimed again; unless ends_leases is false, see Held.is_reported.
    """
    stack.redis.eval(SHIFT, len(KEYS), *keys_of(stack), round(seconds * 1000), int(ends_leases))


class Held:
    """A delivery as Redis holds it: times are UNIX times in s, or 0."""

    def __init__(self, identity, line):
        (self.endpoint, self.response, self.how, ended, gone, due, tries, claims, tried,
         self.why) = line.split(" ", 9)
        self.id = identity
        self.ended, self.gone, self.due, self.tried = (
            int(time) / 1000 for time in (ended, gone, due, tried))
        self.tries = int(tries)
        self.claims = int(claims)

    @property
    def is_reported(self):
        """
        Each claim has been reported: either raises the number. But that is so only while no lease
        has ended, and nothing was sent again.
        """
        return self.claims % 2 == 0

    @property
    def is_dead(self):
        return self.due == 0


def held_deliveries(stack):
    """{id: Held}, in one step; each of them has to stand in the one list where it belongs."""
    keys = keys_of(stack)
    members, about, buried = stack.redis.eval(READ, len(keys), *keys)
    lines = dict(zip(about[::2], about[1::2]))
    held = {name.decode(): Held(name.decode(), line.decode()) for name, line in lines.items()}
    assert sorted(member.decode() for member in members) == sorted(
        f"{one.endpoint} {round(one.due * 1000):015d} {one.id}"
        for one in held.values() if not one.is_dead)
    assert sorted(name.decode() for name in buried) == sorted(
        one.id for one in held.values() if one.is_dead)
    return held


def held_endpoints(stack):
    """What is known of endpoints: {name: [failures in a row, rests until (UNIX time, s), off]}."""
    known = stack.redis.hgetall(keys_of(stack)[3])
    found = {}
    for name, line in known.items():
        failures, rests_until, off = line.decode().split(" ")
        found[name.decode()] = [int(failures), int(rests_until) / 1000, off]
    return found


def redis_time(stack):
    seconds, microseconds = stack.redis.time()
    return seconds + microseconds / 1e6
