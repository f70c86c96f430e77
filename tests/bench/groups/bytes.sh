# Bytes that Redis receives for answers of several kinds.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# count_bytes NAME STREAMS DELTAS BYTES DELAY_MS: on a site of its own, beside others.
count_bytes() {
	start_site 1 -d "$5" -n "$3" -b "$4"
	run_streams "$2" "$3" "$4" "$5"
	calc "%.3f\n" "$input / $text" >"$out/data/bytes-$1"
	stop_site
}

# bytes_row NAME FIGURE TARGET
bytes_row() {
	value=$(cat "$out/data/bytes-$1")
	row "Redis input per byte of output, $2" "$(calc %.2f "$value")" "" "" "$value" '<=' "$3"
}

# Several kinds of streams at once, each with a Redis of its own: bytes do not depend on the load.
measure_bytes() {
	short=4000 long=20000 blocks=8192
	[ -z "$quick" ] || { short=400; long=800; blocks=400; }
	beside count_bytes short 10 "$short" 8 5
	beside count_bytes long 4 "$long" 8 5
	beside count_bytes blocks 2 "$blocks" 256 10
	beside count_bytes half 2 $((blocks / 8)) 256 10
	await_all
	bytes_row short "$short deltas of 8 B / 5 ms" 4
	bytes_row long "$long deltas of 8 B / 5 ms" 3
	small=$(cat "$out/data/bytes-half")
	large=$(cat "$out/data/bytes-blocks")
	ratio=$(calc %.3f "$large / $small")
	row "the same at $((blocks / 4)) KB beside $((blocks / 32)) KB, 256 B / 10 ms" \
		"$(calc %.2f "$large")" "$(calc %.2f "$small")" "$ratio" "$ratio" '<=' 1.1
}
