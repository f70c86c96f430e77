# A response that has many readers.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

created_first() {
	grep -qs '"type":"response.created".*}$' "$dir/creator.log"
}

# create_followed: one that is streamed; its id goes to $dir/ids. Who has created it leaves.
create_followed() {
	rm -f "$dir/creator.log"
	start creator curl -sSN --noproxy '*' "$web_url/v1/responses" \
		-H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
		-d '{"model":"m","input":"Say something.","background":true,"stream":true}'
	wait_until 10 "the first event" created_first
	stop creator
	sed -n '/"type":"response.created"/{s/.*"response":{"id":"\([^"]*\)".*/\1/p;q}' \
		"$dir/creator.log" >"$dir/ids"
}

# follow_one READERS: they wait for it while it is queued.
follow_one() {
	streams=$1
	start_following 0
	create_followed
	open_streams "$web_url/v1/responses" -f "$dir/ids"
	start_supervisor 1
	wait_until 20 "the stream" provider_started 1
	sleep 0.3
	watch_followed "$window_ms" "$1"
	await_streams
	stop_site
}

follow_together() {
	readers=200
	events=$(((window_ms + 1500) / event_ms))
	[ -z "$quick" ] || { readers=10; events=24; }
	follow_one 1
	alone_output=$output
	follow_one "$readers"
	what="$readers readers of one response"
	row "whole and numbered without a gap, $what" "$whole" "$readers" \
		"$refused refused, $broken broken off" "$whole" '==' "$readers"
	row "age of an event, p99, $what" "$p99_ms ms" "" "median $p50_ms, max $max_ms ms"
	row "CPU of the relay per event and reader, $what" "$cpu us" "$web_cpu us in lighttpd" "" \
		"$cpu" '<=' 25
	ratio=$(calc %.2f "$output / $alone_output")
	row "bytes per event from Redis, $what" "$output" "$alone_output with one reader" "$ratio" \
		"$ratio" '<=' 1.1
}
