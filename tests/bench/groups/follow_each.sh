# Responses that have a reader each.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

follow_each() {
	choose_streams 500 $((window_ms + 3000))
	[ -z "$quick" ] || choose_streams 500 $((window_ms + 600))
	relay_directly
	start_following 1
	open_streams "$web_url/v1/responses" -b
	sleep 0.3
	watch_followed "$window_ms" 1
	memory=$(relay_kb)
	stored=$(stored_bytes)
	await_streams
	stop_site
	follow_each_rows
}

follow_each_rows() {
	what="$streams_name, a reader each"
	row "whole and numbered without a gap, $what" "$whole" "$streams" \
		"$refused refused, $broken broken off" "$whole" '==' "$streams"
	row "age of an event, median, $what" "$p50_ms ms" "$direct_p50_ms ms directly" "" \
		"$p50_ms" '<=' 25
	row "age of an event, p99, $what" "$p99_ms ms" "$direct_p99_ms ms directly" \
		"max $max_ms ms" "$p99_ms" '<=' 60
	row "CPU of the relay per event and reader, $what" "$cpu us" "$web_cpu us in lighttpd" "" \
		"$cpu" '<=' 25
	row "CPU of respoold per event, $what" "$worker_cpu us" "" ""
	row "CPU of Redis per event, $what" "$redis_cpu us" "" ""
	per_reader=$(calc %.1f "($memory - $idle) / $streams")
	row "memory of the relay per reader, $what" "$per_reader KB" "" \
		"$(calc %.1f "$idle / 1024") MB idle" "$per_reader" '<=' 40
	row "bytes per event to Redis and from it, $what" "$input" "$output" ""
	row "bytes per event, kept in Redis and read by a client, $what" "$stored" "$read_bytes" ""
	row "of all processors in use, $what" "$busy %" "" ""
}
