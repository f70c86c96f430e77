-- It takes call, shares and lines as locals.

-- So many have been put into a line. Returns whether it is new, and may have to enter the turns.
local function lengthen(line, count)
	count = tostring(count) -- Redis takes five times as long to write a number
	call('HINCRBY', shares, 'waiting', count)
	return call('HINCRBY', lines, line, count) == tonumber(count)
end
