# How soon respool is itself again when something ends or is away.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# Of running streams: each is cancelled when the provider has been called.
cancel_rows() {
	cancels=200
	[ -z "$quick" ] || cancels=10
	start_site 1
	stop provider
	file=$(data faults-cancels)
	attend "$build/tests/bench/start_delay" -c \
		"$url/v1/responses" "$key" "$provider_port" "$cancels" >"$file" ||
		die "start_delay failed"
	stop_site
	late=$(calc %.2f "$(percentile 0.99 "$file") / 1000")
	row "cancel sent until the provider's connection is closed, p99" "$late ms" "" \
		"median $(calc %.2f "$(percentile 0.5 "$file") / 1000") ms" "$late" '<' 50
}

# All that a supervisor runs, when it and its worker are killed and another one is there.
takeover_row() {
	streams=50 lease=2 count=30
	[ -z "$quick" ] || { streams=10; lease=1; count=15; }
	more_config="lease_seconds: $lease"
	start_site 1 -d 100 -n "$count" -b 8
	more_config=
	doomed=$(pid_of supervisor)
	create "$streams" 16
	wait_until 20 "the streams" provider_started "$streams"
	start_supervisor 1
	forget "$doomed"
	# shellcheck disable=SC2046 # a list of numbers
	kill -9 $(tree "$doomed")
	killed_at=$(date +%s%N)
	wait_until 30 "the other supervisor" provider_started $((2 * streams))
	took=$(calc %.2f "($(date +%s%N) - $killed_at) / 1e9")
	wait_until 30 "the responses" all_completed "$streams"
	row "kill -9 of a supervisor until its $streams streams run again" "$took s" "" \
		"lease of $lease s" "$took" '<=' $((lease + 2))
	row "whole after that kill" "$(completed)" "$streams" "" "$(completed)" '==' "$streams"
	stop_site
}

measure_faults() {
	cancel_rows
	takeover_row
	failover_rows
	away_rows
}
