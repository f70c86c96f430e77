# How the costs grow with the answer's length, the number of streams and the queue. Sourced by
# run.sh. Each leaves a series in $out/data for the plots.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# growth_row FIGURE FILE COLUMN UNIT: the last value of a series beside the one in its middle.
growth_row() {
	middle=$(awk -v c="$3" '{ v[NR] = $c } END { print v[int((NR + 1) / 2)] }' "$2")
	end=$(awk -v c="$3" '{ v = $c } END { print v }' "$2")
	ratio=$(calc %.2f "$end / $middle")
	row "$1" "$(calc %.2f "$end") $4" "$(calc %.2f "$middle") $4" "$ratio" "$ratio" '<=' 1.25
}

# ---- the answer's length -------------------------------------------------------------------------

# length_point FILE TEXT_BYTES
length_point() {
	count=$(($2 / 256))
	start_site 1 -d 2 -n "$count" -b 256
	run_streams 10 "$count" 256 2
	calc "%d %.4f %.4f %.4f\n" "$2, $cpu / $text, $input / $text, $redis_cpu / $text" >>"$1"
	stop_site
}

# CPU and bytes per byte of an answer, which comes in deltas of 256 bytes every 2 ms.
measure_length() {
	file=$(data growth-length)
	sizes=${BENCH_SIZES:-2048 8192 32768 131072 524288 2097152}
	[ -z "$quick" ] || sizes="2048 32768"
	for size in $sizes; do
		length_point "$file" "$size"
	done
	growth_row "CPU of respoold per byte, longest answer beside middle" "$file" 2 us
	growth_row "Redis input per byte, longest answer beside middle" "$file" 3 B
	growth_row "CPU of Redis per byte, longest answer beside middle" "$file" 4 us
}

# ---- the number of streams -----------------------------------------------------------------------

# count_point FILE STREAMS
count_point() {
	start_site 1 -d 200 -n "$count" -t
	stream_many "$2" "$count" "$window" "$sample"
	say "$2 $cpu $p99_ms $per_stream $redis_cpu" >>"$1"
	stop_site
}

# CPU per delta, age of text and memory with so many streams of 5 deltas a second.
measure_count() {
	file=$(data growth-streams)
	count=40 window=3 sample=3
	numbers=${BENCH_NUMBERS:-10 50 300 1500 4000}
	[ -z "$quick" ] || { numbers="10 100"; count=12; window=1; sample=1; }
	for number in $numbers; do
		count_point "$file" "$number"
	done
	growth_row "CPU of respoold per delta, most streams beside middle" "$file" 2 us
	growth_row "CPU of Redis per delta, most streams beside middle" "$file" 5 us
}

# ---- the queue -----------------------------------------------------------------------------------

# queue_point FILE WAITING: creates, and the streams that run meanwhile.
queue_point() {
	waiting=$(standing)
	[ "$2" -le "$waiting" ] || create $(($2 - waiting)) 32
	watch_costs "$window"
	responder_cpu=$(cpu_of responder)
	redis_cpu=$(cpu_of redis)
	input=$(redis_input)
	create "$sample" 32
	calc "%d %.0f %.2f %.2f %.1f %.3f\n" "$2, \
		$sample / ($(create_ended) - $(create_began)) * 1e6, \
		($(cpu_of responder) - $responder_cpu) / $sample, \
		($(cpu_of redis) - $redis_cpu) / $sample, ($(redis_input) - $input) / $sample, \
		$cpu" >>"$1"
}

# What a create costs, and a delta of 50 running streams, while others wait.
measure_queue() {
	file=$(data growth-queue)
	lengths=${BENCH_LENGTHS:-0 1000 10000 30000 100000}
	window=4 sample=1000
	[ -z "$quick" ] || { lengths="0 200 1000"; window=1; sample=100; }
	max_streams=50
	start_site 1 -d 50 -n 1000000 -b 8
	create 50 16
	wait_until 20 "the streams" provider_started 50
	create 100 16
	for length in $lengths; do
		queue_point "$file" "$length"
	done
	growth_row "CPU of the responders per create, longest queue" "$file" 3 us
	growth_row "CPU of Redis per create, longest queue" "$file" 4 us
	growth_row "Redis input per create, longest queue" "$file" 5 B
	growth_row "CPU of respoold per delta, longest queue" "$file" 6 us
	max_streams=
	stop_site
}

measure_growth() {
	measure_length
	measure_count
	measure_queue
}
