-- Sends what $WRK_METHOD and $WRK_BODY say, and prints one line of figures:
-- bench: <answers per second> <failures> <bytes per answer>
wrk.method = os.getenv("WRK_METHOD") or "GET"
wrk.body = os.getenv("WRK_BODY")

function done(summary)
	local errors = summary.errors
	local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
	io.write(string.format("bench: %.1f %d %.0f\n", summary.requests / (summary.duration / 1e6),
		failures, summary.bytes / math.max(summary.requests, 1)))
end
