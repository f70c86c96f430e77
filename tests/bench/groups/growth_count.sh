# How costs grow with the number of streams.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
