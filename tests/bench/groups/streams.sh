# Many streams at once.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# All streams have begun, and none has ended.
all_open() {
	[ "$(provider_stat open)" -eq "$1" ]
}

# The workers of all supervisors, without their parents.
workers() {
	for program in $started; do
		[ "${program%%:*}" != supervisor ] ||
			cat "/proc/${program#*:}/task"/*/children
	done
}

# memory_kb PEAK_OR_RESIDENT: of all workers.
memory_kb() {
	memory=0
	for pid in $(workers); do
		memory=$((memory + $("$1" "$pid")))
	done
	say "$memory"
}

# watch_costs SECONDS: of streams that are under way; leaves $cpu and $redis_cpu, in us per delta.
watch_costs() {
	deltas=$(provider_stat deltas)
	cpu=$(cpu_of supervisor)
	redis_cpu=$(cpu_of redis)
	sleep "$1"
	cpu=$(($(cpu_of supervisor) - cpu))
	redis_cpu=$(($(cpu_of redis) - redis_cpu))
	deltas=$(($(provider_stat deltas) - deltas))
	cpu=$(calc %.3f "$cpu / $deltas")
	redis_cpu=$(calc %.3f "$redis_cpu / $deltas")
}

# watch_texts DELTAS SECONDS: leaves what text_age says in the variables of those names.
watch_texts() {
	attend "$build/tests/bench/text_age" "$dir/redis.sock" "$dir/ids" "$1" "$2" 60 \
		>"$dir/text_age.log" ||
		die_with_log "not every text is what was sent" "$dir/text_age.log"
	# shellcheck disable=SC2046 # names and values in turn
	set -- $(cat "$dir/text_age.log")
	completed=$2 p50_ms=${10} p99_ms=${12} max_ms=${14}
}

# stream_many STREAMS DELTAS WATCH_SECONDS SAMPLE_SECONDS: stamped deltas, five a second. Leaves the
# costs, what is to be said of the texts, $per_stream (KB), and $late_ms, by which the provider
# itself was late.
stream_many() {
	idle=$(memory_kb resident_kb)
	create "$1" 64
	watch_costs "$3"
	watch_texts "$2" "$4"
	per_stream=$(calc %.1f "($(memory_kb peak_kb) - $idle) / $1")
	late_ms=$(calc %.1f "$(provider_stat latest_us) / 1000")
	[ "$completed" -eq "$1" ] || die "$completed of $1 responses are complete"
}

# 4,000 paced streams in one worker.
measure_streams() {
	streams=${BENCH_STREAMS:-4000}
	count=75 window=4 sample=8
	[ -z "$quick" ] || { streams=200; count=12; window=1; sample=1; }
	start_site 1 -d 200 -n "$count" -t
	stream_many "$streams" "$count" "$window" "$sample"
	what="$streams streams at 5 deltas/s"
	row "complete and byte-equal, one worker, $what" "$completed" "$streams" "" \
		"$completed" '==' "$streams"
	row "age of text not stored yet, p99, $what" "$p99_ms ms" "" \
		"median $p50_ms, max $max_ms ms" \
		"$p99_ms" '<=' 250
	row "by which the provider itself was late, at most" "$late_ms ms" "" ""
	row "peak memory per stream, $what" "$per_stream KB" "" "" "$per_stream" '<=' 48
	row "CPU of respoold per delta, $what" "$(calc %.1f "$cpu") us" "" ""
	stop_site
}
