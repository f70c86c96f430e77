# Many streams at once. Sourced by run.sh.
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

# ---- a burst -------------------------------------------------------------------------------------

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

# ---- scaling -------------------------------------------------------------------------------------

# scale_round FILE SUPERVISORS WORKERS: the provider sends as fast as it is read.
scale_round() {
	start_site 0 -d 0 -n "$count" -b 32
	supervisors=$2
	while [ "$supervisors" -gt 0 ]; do
		start_supervisor "$3"
		supervisors=$((supervisors - 1))
	done
	cpu=$(cpu_of supervisor)
	create "$streams" 16
	wait_until 120 "the streams" all_completed "$streams"
	ended=$(calc %.0f "$(cut -d ' ' -f 1 /proc/uptime) * 1e6")
	cpu=$(($(cpu_of supervisor) - cpu))
	calc "%.0f %.3f\n" "$streams * $count / (($ended - $(create_began)) / 1e6), \
		$cpu / $streams / $count" >>"$1"
	stop_site
}

# Deltas per second that one worker, two, and two supervisors get through.
measure_scaling() {
	streams=200 count=4000
	[ -z "$quick" ] || { streams=20; count=200; }
	one=$(data scaling-1x1) two=$(data scaling-1x2) apart=$(data scaling-2x1)
	round=0
	while [ "$round" -lt $(((rounds + 1) / 2)) ]; do
		scale_round "$one" 1 1
		scale_round "$two" 1 2
		scale_round "$apart" 2 1
		round=$((round + 1))
	done
	base=$(median 1 "$one")
	scale_row "one worker" "$one"
	scale_row "two workers" "$two"
	scale_row "two supervisors of one worker each" "$apart"
}

# scale_row NAME FILE
scale_row() {
	row "deltas read and stored, $1" "$(spread_rate 1 "$2")" \
		"$(calc %.1f "$(median 2 "$2")") us each" \
		"$(calc %.2f "$(median 1 "$2") / $base") of one"
}
