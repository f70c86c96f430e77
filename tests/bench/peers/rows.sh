# respool beside the others, and what is to be known of them. Sourced by run.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# shown VALUE FORMAT UNIT
shown() {
	if [ -z "$1" ]; then
		say "does not offer it"
	else
		say "$(calc "$2" "$1")$3"
	fi
}

# pair FIGURE NAME FORMAT UNIT [OPERATOR TARGET]: respool beside each peer, and the ratio. The
# target is for what respool is modelled on, and missed if there is no ratio.
pair() {
	ours=$(figure respool "$2")
	for peer in $measured; do
		theirs=$(figure "$peer" "$2")
		ratio=
		[ -z "$theirs" ] || ratio=$(awk -v a="$ours" -v b="$theirs" \
			'BEGIN { if (b + 0 > 0 && a + 0 > 0) printf "%.3g", a / b }')
		operator=${5:-}
		[ -n "$theirs" ] && [ "$peer" = litellm ] || operator=
		row "$1" "$(shown "$ours" "$3" "$4")" \
			"$(shown "$theirs" "$3" "$4") $(title_of "$peer")" "$ratio" \
			"$ratio" "$operator" "${6:-}"
	done
}

# word FIGURE NAME [OPERATOR TARGET]: what is no ratio; the target is for respool. Beside a peer
# that this cannot be asked of there is no row.
word() {
	ours=$(figure respool "$2")
	for peer in $measured; do
		theirs=$(figure "$peer" "$2")
		[ -n "$theirs" ] || continue
		row "$1" "$ours" "$theirs $(title_of "$peer")" "" "$ours" "${3:-}" "${4:-}"
	done
}

write_rows() {
	n=$streams
	pair "create to first text, median of $texts" first_text_ms %.0f " ms"
	pair "create to first text, 99th percentile of $texts" first_text_late_ms %.0f " ms"
	pair "polls, 4 KB, 32 connections" polls %.0f "/s" ">" 1
	pair "polls per CPU second, 4 KB" polls_per_cpu %.0f "" ">" 1
	pair "CPU of Redis per poll, 4 KB" redis_us_per_poll %.1f " us"
	word "whole in the end, $n streams at 20 deltas/s" whole "==" "$n"
	pair "CPU per stream, $n streams at 20 deltas/s" stream_cpu_ms %.2f " ms/s" "<" 1
	pair "CPU of Redis per stream, $n streams at 20 deltas/s" stream_redis_ms %.2f " ms/s"
	pair "memory per stream over idle, $n streams at 20 deltas/s" stream_kb %.1f " KB"
	pair "memory, just started" idle_mb %.0f " MB" "<" 1
	pair "bytes to Redis per byte of output, $deltas_of_short deltas of 8 B / 50 ms" \
		short_bytes %.1f "" "<" 1
	pair "bytes to Redis per byte of output, $deltas_of_long deltas of 8 B / 5 ms" \
		long_bytes %.1f "" "<" 1
	pair "CPU per delta, $deltas_of_long deltas of 8 B / 5 ms" long_cpu_us %.1f " us" "<" 1
	pair "added to a request passed through, one at a time" request_added_us %.0f " us"
	pair "added to a request passed through, four at a time" requests_added_us %.0f " us"
	pair "CPU per request passed through" request_cpu_us %.0f " us"
	pair "added to an event passed through, as fast as it is read" event_added_us %.2f " us"
	pair "CPU per event passed through, as fast as it is read" event_cpu_us %.2f " us"
	pair "added to the age of an event, one every 5 ms" age_added_us %.0f " us"
	pair "CPU per event passed through, one every 5 ms" age_cpu_us %.0f " us"
	word "connections to the provider ended by a cancel, of 1" cancel_closes "==" 1
	word "status of what was cancelled, after that" cancel_status
	n=$killed_streams
	word "killed and started again: whole within ${patience} s, of $n" killed_whole "==" "$n"
	word "killed and started again: failed, of $n" killed_failed "==" 0
	word "killed and started again: still unfinished, of $n" killed_running "==" 0
	word "killed and started again: cannot be polled, of $n" killed_gone "==" 0
}

# tell WORD...: in lines that are not too long.
tell() {
	say "$*" | fold -s -w 96 | sed 's/ *$//'
}

# quote FILE: as a block of code.
quote() {
	say ""
	sed 's/^/    /' "$1"
}
