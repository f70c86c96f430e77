# Many streams that clients read at once, and what is wrong with them.
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
