# A thousand streams that are passed through at once. Sourced by run.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

event_ms=50

# choose_streams STREAMS MILLISECONDS: so many, or if it is a quick run few, opened within $ramp_ms,
# each with $events deltas, so that all are open for so long. Leaves in $streams_name how rows call
# them.
choose_streams() {
	streams=${BENCH_STREAMS:-$1}
	ramp_ms=2000
	[ -z "$quick" ] || { streams=${BENCH_STREAMS:-50}; ramp_ms=200; }
	events=$(((ramp_ms + $2) / event_ms))
	max_passthrough=$streams
	streams_name="$streams streams at $((1000 / event_ms)) events/s"
}

clients_opened() {
	grep -qs '^opened' "$dir/clients.log"
}

# open_streams URL [OPTION...]: returns when all are open, or have failed.
open_streams() {
	opened_url=$1
	shift
	start clients "$build/tests/bench/many_streams" "$@" "$opened_url" "$key" "$streams" \
		"$ramp_ms" "$events"
	wait_until 60 "the streams" clients_opened
}

# await_streams: leaves what the clients have seen in the variables of those names.
await_streams() {
	wait "$(pid_of clients)" || die_with_log "many_streams failed" "$dir/clients.log"
	stop clients
	# shellcheck disable=SC2046 # names and values in turn
	set -- $(grep '^whole ' "$dir/clients.log")
	[ $# -eq 20 ] || die_with_log "there are no events" "$dir/clients.log"
	whole=$2 refused=$4 broken=$6 events_s=${10}
	p50_ms=$(calc %.1f "${12} / 1000")
	p99_ms=$(calc %.1f "${14} / 1000")
	max_ms=$(calc %.1f "${16} / 1000")
	read_bytes=$(calc %.0f "${18} / $8")
	[ "$whole" -eq "$streams" ] || tell_of_streams
}

# tell_of_streams: what is wrong with the first one that is not whole. Should figures not matter,
# this does.
tell_of_streams() {
	say "   $(grep '^many_streams: ' "$dir/clients.log")"
	[ -z "$quick" ] || die "$whole of $streams streams are whole"
}

# ---- what they cost ------------------------------------------------------------------------------

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
