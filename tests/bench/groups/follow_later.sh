# Readers that come when the response has ended.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# Readers of a response that has ended, one after the other: all of it comes from the log.
follow_later() {
	events=20000 streams=1 ramp_ms=0
	[ -z "$quick" ] || events=1000
	start_redis
	start_provider -d 0 -n "$events" -t
	write_config
	start_relaying
	start_lighttpd web "$dir/fcgi.sock"
	create_followed
	start_supervisor 1
	wait_until 60 "the response" all_completed 1
	file=$(data follow-later)
	round=0
	while [ "$round" -lt "$rounds" ]; do
		cpu=$(relay_cpu)
		redis_cpu=$(cpu_of redis)
		open_streams "$web_url/v1/responses" -f "$dir/ids"
		await_streams
		calc "%s %s %.3f %.3f\n" "$whole, $events_s, ($(relay_cpu) - $cpu) / $events, \
			($(cpu_of redis) - $redis_cpu) / $events" >>"$file"
		round=$((round + 1))
	done
	stop_site
	what="of $events, read again"
	row "whole and numbered without a gap, $what" "$(least 1 "$file")" 1 "" \
		"$(least 1 "$file")" '==' 1
	row "events $what" "$(spread 2 "$file" %.0f)/s" "" ""
	row "CPU of the relay per event $what" "$(calc %.2f "$(median 3 "$file")") us" \
		"$(calc %.2f "$(median 4 "$file")") us in Redis" ""
}
