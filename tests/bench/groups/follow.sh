# Background responses that are followed as streams.
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

measure_follow() {
	window_ms=5000
	[ -z "$quick" ] || window_ms=500
	follow_each
	follow_together
	follow_later
	follow_idle
}
