# Background responses that are followed as streams. Sourced by run.sh, with relays.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

relay_cpu() {
	# shellcheck disable=SC2046 # a list of numbers
	cpu_us $(titled responder relay)
}

# What is resident, shared pages as a whole: other processes make no difference.
relay_kb() {
	resident_kb "$(titled responder relay)"
}

# What a window leaves to be compared, in one line.
follow_counts() {
	echo "$(provider_stat deltas) $(relay_cpu) $(cpu_of supervisor) $(cpu_of redis)" \
		"$(cpu_of web) $(cpu_of provider) $(cpu_of clients) $(redis_input)" \
		"$(redis_stat total_net_output_bytes)" \
		"$(date +%s%N)"
}

# watch_followed MILLISECONDS READERS: while each stream has so many readers. Leaves CPU times (us):
# in $cpu and $web_cpu those of the relay and the web server for each event and reader, in
# $worker_cpu and $redis_cpu those for each event; in $input and $output the bytes that Redis has
# received and sent for each; in $busy the part of all processors that all this took (%).
watch_followed() {
	before=$(follow_counts)
	sleep "$(calc %.3f "$1 / 1000")"
	after=$(follow_counts)
	# shellcheck disable=SC2046 # numbers
	set -- "$2" $(echo "$before $after" | awk '{ for (i = 1; i <= 10; i++) print $(i + 10) - $i }')
	[ "$2" -gt 0 ] || die_with_log "no stream is open" "$dir/clients.log"
	cpu=$(calc %.1f "$3 / $2 / $1")
	worker_cpu=$(calc %.1f "$4 / $2")
	redis_cpu=$(calc %.1f "$5 / $2")
	web_cpu=$(calc %.1f "$6 / $2 / $1")
	input=$(calc %.0f "$9 / $2")
	output=$(calc %.0f "${10} / $2")
	busy=$(calc %.0f "($3 + $4 + $5 + $6 + $7 + $8) / (${11} / 1e3) / $(nproc) * 100")
}

# start_following WORKERS: one relay that has not served anything yet; its memory is left in $idle.
start_following() {
	start_redis
	start_provider -d "$event_ms" -n "$events" -t
	write_config
	[ "$1" -eq 0 ] || start_supervisor "$1"
	start_relaying
	start_lighttpd web "$dir/fcgi.sock"
	check_titles
	sleep 0.2
	idle=$(relay_kb)
}

# stored_bytes: what Redis keeps for each event of one of the responses.
stored_bytes() {
	log=$(redis --scan --pattern 'litellm:polling:events:*' | head -n 1)
	calc %.0f "$(redis memory usage "$log" samples 0) / $(redis llen "$log")"
}

# ---- a reader for each ---------------------------------------------------------------------------

follow_each() {
	choose_streams 500 $((window_ms + 3000))
	[ -z "$quick" ] || choose_streams 500 $((window_ms + 600))
	relay_directly
	start_following 1
	open_streams "$web_url/v1/responses" -b
	sleep 0.3
	watch_followed "$window_ms" 1
	memory=$(relay_kb)
	stored=$(stored_bytes)
	await_streams
	stop_site
	follow_each_rows
}

follow_each_rows() {
	what="$streams_name, a reader each"
	row "whole and numbered without a gap, $what" "$whole" "$streams" \
		"$refused refused, $broken broken off" "$whole" '==' "$streams"
	row "age of an event, median, $what" "$p50_ms ms" "$direct_p50_ms ms directly" "" \
		"$p50_ms" '<=' 25
	row "age of an event, p99, $what" "$p99_ms ms" "$direct_p99_ms ms directly" \
		"max $max_ms ms" "$p99_ms" '<=' 60
	row "CPU of the relay per event and reader, $what" "$cpu us" "$web_cpu us in lighttpd" "" \
		"$cpu" '<=' 25
	row "CPU of respoold per event, $what" "$worker_cpu us" "" ""
	row "CPU of Redis per event, $what" "$redis_cpu us" "" ""
	per_reader=$(calc %.1f "($memory - $idle) / $streams")
	row "memory of the relay per reader, $what" "$per_reader KB" "" \
		"$(calc %.1f "$idle / 1024") MB idle" "$per_reader" '<=' 40
	row "bytes per event to Redis and from it, $what" "$input" "$output" ""
	row "bytes per event, kept in Redis and read by a client, $what" "$stored" "$read_bytes" ""
	row "of all processors in use, $what" "$busy %" "" ""
}

# ---- many readers of one -------------------------------------------------------------------------

created_first() {
	grep -qs '"type":"response.created".*}$' "$dir/creator.log"
}

# create_followed: one that is streamed; its id goes to $dir/ids. Who has created it leaves.
create_followed() {
	rm -f "$dir/creator.log"
	start creator curl -sSN --noproxy '*' "$web_url/v1/responses" \
		-H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
		-d '{"model":"m","input":"Say something.","background":true,"stream":true}'
	wait_until 10 "the first event" created_first
	stop creator
	sed -n '/"type":"response.created"/{s/.*"response":{"id":"\([^"]*\)".*/\1/p;q}' \
		"$dir/creator.log" >"$dir/ids"
}

# follow_one READERS: they wait for it while it is queued.
follow_one() {
	streams=$1
	start_following 0
	create_followed
	open_streams "$web_url/v1/responses" -f "$dir/ids"
	start_supervisor 1
	wait_until 20 "the stream" provider_started 1
	sleep 0.3
	watch_followed "$window_ms" "$1"
	await_streams
	stop_site
}

follow_together() {
	readers=200
	events=$(((window_ms + 1500) / event_ms))
	[ -z "$quick" ] || { readers=10; events=24; }
	follow_one 1
	alone_output=$output
	follow_one "$readers"
	what="$readers readers of one response"
	row "whole and numbered without a gap, $what" "$whole" "$readers" \
		"$refused refused, $broken broken off" "$whole" '==' "$readers"
	row "age of an event, p99, $what" "$p99_ms ms" "" "median $p50_ms, max $max_ms ms"
	row "CPU of the relay per event and reader, $what" "$cpu us" "$web_cpu us in lighttpd" "" \
		"$cpu" '<=' 25
	ratio=$(calc %.2f "$output / $alone_output")
	row "bytes per event from Redis, $what" "$output" "$alone_output with one reader" "$ratio" \
		"$ratio" '<=' 1.1
}

# ---- a reader that comes late --------------------------------------------------------------------

# Readers of a response that has ended, one after the other: all of it comes from the log.
follow_later() {
	events=20000 streams=1 ramp_ms=0
	[ -z "$quick" ] || events=1000
	start_redis
	start_provider -d 0 -n "$events" -t
	write_config
	start_relaying
	start_lighttpd web "$dir/fcgi.sock"
	create_followed
	start_supervisor 1
	wait_until 60 "the response" all_completed 1
	file=$(data follow-later)
	round=0
	while [ "$round" -lt "$rounds" ]; do
		cpu=$(relay_cpu)
		redis_cpu=$(cpu_of redis)
		open_streams "$web_url/v1/responses" -f "$dir/ids"
		await_streams
		calc "%s %s %.3f %.3f\n" "$whole, $events_s, ($(relay_cpu) - $cpu) / $events, \
			($(cpu_of redis) - $redis_cpu) / $events" >>"$file"
		round=$((round + 1))
	done
	stop_site
	what="of $events, read again"
	row "whole and numbered without a gap, $what" "$(least 1 "$file")" 1 "" \
		"$(least 1 "$file")" '==' 1
	row "events $what" "$(spread 2 "$file" %.0f)/s" "" ""
	row "CPU of the relay per event $what" "$(calc %.2f "$(median 3 "$file")") us" \
		"$(calc %.2f "$(median 4 "$file")") us in Redis" ""
}

# ---- readers that wait ---------------------------------------------------------------------------

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

measure_follow() {
	window_ms=5000
	[ -z "$quick" ] || window_ms=500
	follow_each
	follow_together
	follow_later
	follow_idle
}
