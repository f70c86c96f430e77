# What it costs that a provider speaks another API.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

apis="responses chat messages"

# delta_in API: leaves the CPU time of respoold for each delta in $us.
delta_in() {
	api=$1
	start_site 1 -d 50 -n "$count" -b 8
	run_streams "$streams" "$count" 8 50
	us=$(calc %.4f "$cpu / $deltas")
	stop_site
	api=
}

# start_sites PROVIDER_OPTION...: a respool.fcgi behind a lighttpd for each API.
start_sites() {
	start_redis
	start_provider "$@"
	for api in $apis; do
		write_config
		start_fcgi "$api" "$build" "$dir/$api.sock" -w 4
		start_lighttpd "$api-lighttpd" "$dir/$api.sock"
		eval "${api}_url=\$web_url/v1/responses"
	done
	api=
}

# ask_in API MODE: the rate of short requests, four at a time, in $us: us for each.
ask_in() {
	eval "asked_url=\$${1}_url"
	attend "$build/tests/bench/relay_cost" "$2" "$asked_url" "$key" 4 "$load_ms" \
		>"$dir/relay_cost.log" 2>&1 ||
		die_with_log "$2: $1 failed" "$dir/relay_cost.log"
	# shellcheck disable=SC2046 # names and numbers in turn
	set -- $(cat "$dir/relay_cost.log")
	us=$(calc %.4f "$load_ms * 1000 / $4")
}

# The provider streams in any case to who asks in another API than the Responses API.
request_in() {
	ask_in "$1" requests
}

stream_in() {
	ask_in "$1" streams
}

# event_in API: of a stream that comes as fast as it is read, the CPU time of respool.fcgi for each
# event in $us.
event_in() {
	eval "asked_url=\$${1}_url"
	cpu=$(cpu_of "$1")
	attend "$build/tests/bench/relay_cost" stream "$asked_url" "$key" >"$dir/relay_cost.log" 2>&1 ||
		die_with_log "stream: $1 failed" "$dir/relay_cost.log"
	cpu=$(($(cpu_of "$1") - cpu))
	# shellcheck disable=SC2046
	set -- $(cat "$dir/relay_cost.log")
	us=$(calc %.4f "$cpu / $4")
}

# dialects_round FILE COMMAND: a line has the time of each API.
dialects_round() {
	line=
	for spoken in $apis; do
		"$2" "$spoken"
		line="$line $us"
	done
	echo "$line" | awk '{ printf "%s %s %s %.4f %.4f\n", $1, $2, $3, $2 / $1, $3 / $1 }' >>"$1"
}

# warm_up COMMAND: a round that does not count.
warm_up() {
	[ -n "$quick" ] || dialects_round "$dir/warm" "$1"
}

# dialects_rounds ROUNDS FILE COMMAND
dialects_rounds() {
	last=$1
	shift
	round=0
	while [ "$round" -lt "$last" ]; do
		dialects_round "$1" "$2"
		round=$((round + 1))
	done
}

# dialects_rows FIGURE FILE FORMAT MOST: MOST is the greatest ratio that is wanted, or nothing.
dialects_rows() {
	column=2
	for spoken in chat messages; do
		row "$1, $spoken" "$(calc "$3" "$(median "$column" "$2")") us" \
			"$(calc "$3" "$(median 1 "$2")") us untranslated" \
			"$(spread $((column + 2)) "$2" %.2f)" "$(median $((column + 2)) "$2")" \
			"${4:+<=}" "$4"
		column=$((column + 1))
	done
}

measure_dialects() {
	streams=${BENCH_STREAMS:-100}
	count=${BENCH_DELTAS:-100}
	load_ms=$((brief * 1000))
	many=20000
	[ -z "$quick" ] || { streams=10; count=10; load_ms=200; many=1000; }
	worker=$(data dialects-deltas)
	dialects_rounds $(((rounds + 1) / 2)) "$worker" delta_in
	dialects_rows "CPU of respoold per delta" "$worker" %.1f 1.3
	start_sites -d 0 -n 1 -b 64
	asked=$(data dialects-requests)
	warm_up request_in
	dialects_rounds "$rounds" "$asked" request_in
	dialects_rows "request that is passed on, four at a time" "$asked" %.0f ""
	streamed=$(data dialects-streams)
	dialects_rounds "$rounds" "$streamed" stream_in
	# A rate of 0.9 is a time of 1.11.
	dialects_rows "streamed request that is passed on, four at a time" "$streamed" %.0f 1.11
	replace_provider -d 0 -n "$many" -b 64
	passed=$(data dialects-events)
	warm_up event_in
	dialects_rounds "$rounds" "$passed" event_in
	dialects_rows "CPU of respool.fcgi per event, as fast as it is read" "$passed" %.2f ""
	stop_site
}
