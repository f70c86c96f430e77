# What this version costs beside an earlier one, where it should cost no more. Sourced by run.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# start_versions PROVIDER_OPTION...: both at the same provider, each behind a lighttpd of its own.
# The earlier one has responders only, as many as its files in deploy/ had.
start_versions() {
	start_redis
	start_provider "$@"
	write_config
	start_relaying
	start_lighttpd lighttpd "$dir/fcgi.sock"
	lighttpd_url=$web_url/v1
	start_fcgi baseline "$baseline" "$dir/baseline.sock" -w 16
	start_lighttpd baseline-lighttpd "$dir/baseline.sock"
	baseline_url=$web_url/v1
}

# follow_some WAY: streams one after the other, as one alone is short.
follow_some() {
	sum=0
	for number in 1 2 3 4 5; do
		follow "$1"
		sum=$(calc %.4f "$sum + $cpu")
	done
	cpu=$(calc %.4f "$sum / $number")
}

# versions_round FILE COMMAND ARGUMENT...: a line has the CPU time of this version and of the
# earlier one (us), and their ratio. Each round another one comes first.
versions_round() {
	file=$1
	measured=$2
	shift 2
	ways="lighttpd baseline"
	[ $((round % 2)) -eq 0 ] || ways="baseline lighttpd"
	expected=
	for server in $ways; do
		"$measured" "$server" "$@"
		[ "$size" -eq "${expected:=$size}" ] ||
			die "$measured: $size came through one version, $expected through the other"
		case $server in
		lighttpd) new=$cpu ;;
		baseline) old=$cpu ;;
		esac
	done
	calc "%s %s %.4f\n" "$new, $old, $new / $old" >>"$file"
}

# versions_row FIGURE FORMAT TARGET COMMAND ARGUMENT...: after a round that does not count. Ratios
# so near to one need more rounds than others.
versions_row() {
	figure=$1
	format=$2
	target=$3
	shift 3
	results=$(data "versions-$1${2:+-$2}")
	round=0
	[ -n "$quick" ] || versions_round "$dir/warm" "$@"
	while [ "$round" -lt $((2 * rounds - 1)) ]; do
		versions_round "$results" "$@"
		round=$((round + 1))
	done
	row "CPU of respool.fcgi per $figure" "$(calc "$format" "$(median 1 "$results")") us" \
		"$(calc "$format" "$(median 2 "$results")") us before" \
		"$(spread 3 "$results" %.2f)" \
		"$(median 3 "$results")" "${target:+<=}" "$target"
}

# ---- background responses that are not streamed --------------------------------------------------

# background_in BUILD DELAY_MS: leaves in $costs the bytes and the commands that Redis receives and
# the CPU times of respoold and of Redis, all for each delta.
background_in() {
	tested=$1
	start_site 1 -d "$2" -n "$count" -b 8
	run_streams "$streams" "$count" 8 "$2"
	costs=$(calc "%.4f %.4f %.4f %.4f" "$input / $deltas, $commands / $deltas, \
		$cpu / $deltas, $redis_cpu / $deltas")
	stop_site
	tested=
}

# background_round FILE DELAY_MS: a line has the costs of this version and of the earlier one in
# turn.
background_round() {
	background_in "$build" "$2"
	new=$costs
	background_in "$baseline" "$2"
	echo "$new $costs" | awk '{
		for (i = 1; i <= 4; i++)
			printf "%s %s %.4f%s", $i, $(i + 4), $i / $(i + 4), i < 4 ? " " : "\n"
	}' >>"$1"
}

# background_row FIGURE COLUMN FORMAT UNIT MOST
background_row() {
	row "$1 per $unit" "$(calc "$3" "$(median "$2" "$results")")$4" \
		"$(calc "$3" "$(median $(($2 + 1)) "$results")")$4 before" \
		"$(spread $(($2 + 2)) "$results" %.3f)" \
		"$(median $(($2 + 2)) "$results")" "${5:+<=}" "${5:-}"
}

measure_background() {
	unit="delta that is not streamed"
	streams=${BENCH_STREAMS:-100}
	count=${BENCH_DELTAS:-100}
	[ -z "$quick" ] || { streams=10; count=10; }
	results=$(data versions-background)
	round=0
	while [ "$round" -lt "$rounds" ]; do
		background_round "$results" 50
		round=$((round + 1))
	done
	background_row "bytes to Redis" 1 %.1f "" 1.01
	background_row "commands to Redis" 4 %.3f "" 1.01
	background_row "CPU of respoold" 7 %.1f " us" 1.1
	background_row "CPU of Redis" 10 %.1f " us" 1.1
}

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

# A quick run compares this version with itself.
have_baseline() {
	baseline=${BENCH_BASELINE:-}
	[ -z "$quick" ] || baseline=${baseline:-$build}
	[ -n "$baseline" ] || { say "  BENCH_BASELINE is not set"; return 1; }
	[ -x "$baseline/respool.fcgi" ] || die "$baseline/respool.fcgi is not there"
}

measure_versions() {
	load_ms=$((seconds * 1000))
	many=20000
	[ -z "$quick" ] || { load_ms=200; many=1000; }
	have_baseline || return 0
	start_versions -d 0 -n 1 -b 64
	versions_row "request, one at a time" %.0f 1.0 ask 1
	versions_row "request, four at a time" %.0f "" ask 4
	replace_provider -d 0 -n "$many" -b 64
	versions_row "event, as fast as it is read" %.2f 1.0 follow_some
	stop_site
	measure_background
}
