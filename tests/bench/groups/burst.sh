# A burst of creates.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

provider_started() {
	[ "$(provider_stat started)" -ge "$1" ]
}

burst_round() {
	start_site 1 -d 200 -n 20 -b 8
	create "$streams" "$streams"
	wait_until 60 "the streams" provider_started "$streams"
	calc "%.1f %.1f\n" "($(create_ended) - $(create_began)) / 1000, \
		($(provider_stat last_start_us) - $(create_began)) / 1000" >>"$1"
	stop_site
}

# From the first create that is sent until the provider has been asked for the last stream.
measure_burst() {
	streams=${BENCH_STREAMS:-1000}
	[ -z "$quick" ] || streams=100
	file=$(data burst)
	round=0
	while [ "$round" -lt $(((rounds + 1) / 2)) ]; do
		burst_round "$file"
		round=$((round + 1))
	done
	row "$streams creates at once: all answered after" "$(spread 1 "$file" %.0f) ms" "" ""
	row "$streams creates at once: all stream after" "$(spread 2 "$file" %.0f) ms" "" ""
}
