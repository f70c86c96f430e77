# Background responses that are not streamed, beside an earlier version's.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
