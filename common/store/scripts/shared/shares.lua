-- How what waits is shared between those who ask. A tenant's jobs of one tier wait in a line, a list
-- that is oriented as the queue is; the line's name is the tier, 0 for priority, 1 for default and 2
-- for flex, and the tenant behind it. A job that is taken from its line gets a seat and goes into the
-- queue, where the next worker with room finds it. There are as many seats as the workers have room
-- for, so the queue holds what is about to begin, and what was given back.
--
-- lines says how many stand in each line. turns orders the lines that have a job and whose tenant may
-- have another one running, by tier, and within a tier by virtual time: a line that has had a turn
-- stands 1/weight further on, so in turns each gets its share (start-time fair queueing, Goyal, Vin
-- and Cheng 1996). A line that comes anew begins at the pace of its tier, where the last turn was, or
-- where it had left off, which passes remembers; when nobody waits, all of that is forgotten.
--
-- seats has whose each job with a seat is: its tenant, its label, and how many tokens are reserved for
-- it. shares has "capacity", how many seats there are; "waiting", how many stand in lines; "running",
-- "limits" and "parked" of each tenant: how many jobs have a seat, or requests are passed through;
-- weight and max_parallel, or "-"; how many are parked; "last", who came last, and "mixed" (ms), when
-- somebody came while another one was about; of each tier "pace", and "served" (ms), when it had its
-- last turn in order; "favoured" if the last turn of all was not in order; and "doubted", which
-- beat.lua keeps.
--
-- Turns are given by turns.lua. While there is more than one tenant about, some seats are kept for
-- those who have few.
--
-- It takes call, now, shares, seats, lines, turns and passes as locals. What needs less of it includes
-- less, as each function costs time whether it is called or not.
-- include seats.lua
-- include lines.lua
-- include stand_up.lua

-- What is put among what is parked has no seat. seat is what seats has of it.
local function leave_seat(id, seat)
	if call('HDEL', seats, id) == 1 then
		stand_up(seat:match('^[^\31]*'))
	end
end
