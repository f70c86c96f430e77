# Readers that wait for what is queued.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# Of responses that are queued while no worker runs. In the end one comes, and all get their events.
follow_idle() {
	streams=${BENCH_READERS:-5000}
	ramp_ms=5000 keepalive=5 keepalives=2 events=5 event_ms=1000 max_streams=$streams
	[ -z "$quick" ] || { streams=50; ramp_ms=200; keepalive=1; keepalives=1; event_ms=100; }
	start_following 0
	open_streams "$web_url/v1/responses" -b
	sleep "$keepalive"
	memory=$(relay_kb)
	cpu=$(relay_cpu)
	redis_cpu=$(cpu_of redis)
	sleep $((keepalives * keepalive))
	cpu=$(calc %.1f "($(relay_cpu) - $cpu) / $keepalives / $streams")
	redis_cpu=$(calc %.1f "($(cpu_of redis) - $redis_cpu) / $keepalives / $streams")
	start_supervisor 1
	await_streams
	stop_site
	what="$streams readers of queued responses"
	row "answered at once, and whole in the end, $what" "$whole" "$streams" \
		"$refused refused, $broken broken off" "$whole" '==' "$streams"
	per_reader=$(calc %.1f "($memory - $idle) / $streams")
	row "memory of the relay per reader, $what" "$per_reader KB" "" \
		"$(calc %.1f "$idle / 1024") MB idle" "$per_reader" '<=' 40
	row "CPU of the relay per reader and keep-alive, $what" "$cpu us" "$redis_cpu us in Redis" ""
	keepalive='' event_ms=50 max_streams=''
}
