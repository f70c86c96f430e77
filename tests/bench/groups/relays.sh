# A thousand streams that are passed through at once.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# watch_plateau MILLISECONDS: of streams that are open; leaves in $cpu and $web_cpu what an event
# costs respool.fcgi and the web server (us), and in $memory what respool.fcgi needs (KB).
watch_plateau() {
	deltas=$(provider_stat deltas)
	cpu=$(cpu_of responder)
	web_cpu=$(cpu_of web)
	sleep "$(calc %.3f "$1 / 1000")"
	cpu=$(($(cpu_of responder) - cpu))
	web_cpu=$(($(cpu_of web) - web_cpu))
	deltas=$(($(provider_stat deltas) - deltas))
	[ "$deltas" -gt 0 ] || die_with_log "no stream is open" "$dir/clients.log"
	cpu=$(calc %.1f "$cpu / $deltas")
	web_cpu=$(calc %.1f "$web_cpu / $deltas")
	memory=$(pss_of responder)
}

# relay_directly: what the provider and the clients do by themselves.
relay_directly() {
	start_provider -d "$event_ms" -n "$events" -t
	open_streams "$provider_url/responses"
	await_streams
	[ "$whole" -eq "$streams" ] || die "$whole of $streams streams are whole without respool"
	direct_p50_ms=$p50_ms
	direct_p99_ms=$p99_ms
	direct_events_s=$events_s
	stop_site
}

# relay_behind SERVER: each has a respool.fcgi that has not served anything yet.
relay_behind() {
	start_redis
	start_provider -d "$event_ms" -n "$events" -t
	write_config
	start_relaying
	"start_$1" web "$dir/fcgi.sock"
	sleep 0.2
	idle=$(pss_of responder)
	open_streams "$web_url/v1/responses"
	sleep 0.3
	watch_plateau "$window_ms"
	await_streams
	relay_rows "$1"
	stop_site
}

# relay_rows SERVER
relay_rows() {
	per_stream=$(calc %.1f "($memory - $idle) / $streams")
	row "whole and in order, $streams_name, $1" "$whole" "$streams" "$broken broken off" \
		"$whole" '==' "$streams"
	row "refused, $streams_name, $1" "$refused" "" "" "$refused" '==' 0
	row "events read, $streams_name, $1" "$events_s/s" "$direct_events_s/s directly" ""
	row "age of an event, p99, $streams_name, $1" "$p99_ms ms" "$direct_p99_ms ms directly" \
		"median $p50_ms, max $max_ms ms" "$p99_ms" '<=' 10
	row "memory per stream over idle, $streams_name, $1" "$per_stream KB" "" \
		"$(calc %.1f "$idle / 1024") MB idle" "$per_stream" '<=' 48
	row "CPU of respool.fcgi per event, $streams_name, $1" "$cpu us" "$web_cpu us in $1" ""
}

measure_relays() {
	window_ms=5000
	[ -z "$quick" ] || window_ms=500
	choose_streams 1000 $((window_ms + 3000))
	[ -z "$quick" ] || choose_streams 1000 $((window_ms + 600))
	relay_directly
	relay_behind lighttpd
	relay_behind nginx
}
