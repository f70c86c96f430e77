# How costs grow with the answer's length.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
