# What a write costs beside an earlier version's.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# writes_of STREAMS: with so long a time between two deltas, each is a write of its own.
writes_of() {
	streams=$1
	unit="write, $1 at once"
	results=$(data "versions-writes-$1")
	round=0
	while [ "$round" -lt "$rounds" ]; do
		background_round "$results" 250
		round=$((round + 1))
	done
	background_row "bytes to Redis" 1 %.0f ""
	background_row "commands to Redis" 4 %.3f ""
	background_row "CPU of respoold" 7 %.1f " us"
	background_row "CPU of Redis" 10 %.1f " us" "$2"
}

# What a write costs of a response that grows, among many and alone.
measure_writes() {
	count=${BENCH_DELTAS:-40}
	many=${BENCH_STREAMS:-400}
	[ -z "$quick" ] || { count=4; many=10; }
	have_baseline || return 0
	writes_of "$many" 0.5
	writes_of 1 ""
}
