# What a delta costs.
# shellcheck shell=sh
# shellcheck disable=SC2154

# read_bare STREAMS: the bare reader on the same provider; leaves its CPU time in $cpu (us).
read_bare() {
	attend "$build/tests/bench/bare_reader" "$provider_url/responses" "$1" \
		>"$dir/bare_reader.log" 2>&1 ||
		die_with_log "the bare reader failed" "$dir/bare_reader.log"
	# shellcheck disable=SC2046 # names and numbers in turn
	set -- $(cat "$dir/bare_reader.log")
	[ "$4" -eq "$deltas" ] || die "the bare reader read $4 deltas, expected $deltas"
	cpu=${10}
}

# delta_round FILE STREAMS DELTAS BYTES DELAY_MS
delta_round() {
	file=$1
	shift
	run_streams "$@"
	ours=$cpu
	read_bare "$1"
	calc "%.3f %.3f %.4f %.3f %.3f\n" "$ours / $deltas, $cpu / $deltas, $ours / $cpu, \
		$redis_cpu / $deltas, $input / $text" >>"$file"
}

# The CPU time of everything that respoold does with a delta, writes to Redis included, against
# that of a program that only reads and parses it. Whole streams, with their beginning and end.
measure_deltas() {
	streams=${BENCH_STREAMS:-100}
	count=${BENCH_DELTAS:-200}
	[ -z "$quick" ] || { streams=20; count=20; }
	start_site 1 -d 50 -n "$count" -b 8
	file=$(data deltas)
	round=0
	while [ "$round" -lt "$rounds" ]; do
		delta_round "$file" "$streams" "$count" 8 50
		round=$((round + 1))
	done
	what="$streams streams, 8 B / 50 ms"
	row "CPU of respoold per delta, $what" "$(calc %.1f "$(median 1 "$file")") us" \
		"$(calc %.1f "$(median 2 "$file")") us bare" "$(spread 3 "$file" %.2f)" \
		"$(median 3 "$file")" '<' 1.0
	row "CPU of Redis per delta, $what" "$(calc %.1f "$(median 4 "$file")") us" "" ""
	row "Redis input per byte of output, $what" "$(calc %.1f "$(median 5 "$file")")" "" "" \
		"$(median 5 "$file")" '<=' 16
	median 1 "$file" >"$out/data/respoold-us-per-delta"
	median 4 "$file" >"$out/data/redis-us-per-delta"
	stop_site
}
