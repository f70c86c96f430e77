# What this version costs beside an earlier one, where it should cost no more.
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
