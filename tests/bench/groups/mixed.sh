# Polls beside a thousand streams that are passed through.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# streams_cpu: of all that serves and reads the streams.
streams_cpu() {
	# shellcheck disable=SC2046 # a list of numbers
	cpu_us $(titled responder relay) $(tree_of provider) $(tree_of web) $(tree_of clients)
}

# polling_cpu: of the processes of respool.fcgi that answer polls.
polling_cpu() {
	# shellcheck disable=SC2046 # a list of numbers
	cpu_us $(titled responder responder)
}

# poll_costs: leaves in $rate the polls per second, in $per_own the polls per CPU second of the
# responders, and in $per_left those per CPU second that the streams have left to all others.
poll_costs() {
	own=$(polling_cpu)
	taken=$(streams_cpu)
	load_began=$(date +%s%N)
	load "$seconds" "$poll_url"
	took=$(($(date +%s%N) - load_began))
	taken=$(($(streams_cpu) - taken))
	own=$(($(polling_cpu) - own))
	check_size 4096 "$answer_bytes"
	per_own=$(calc %.1f "$rate * $seconds / ($own / 1e6)")
	per_left=$(calc %.1f "$rate * $seconds / ($(nproc) * $took / 1e9 - $taken / 1e6)")
}

# Without titles, the relay's CPU time could not be told from that of others.
check_titles() {
	for role in responder relay; do
		[ -n "$(titled responder "$role")" ] ||
			die "no process has the title \"respool.fcgi: $role\""
	done
}

# mixed_round FILE: polls alone, and while streams are open.
mixed_round() {
	poll_costs
	alone="$rate $per_own $per_left"
	open_streams "$web_url/v1/responses"
	sleep 0.3
	poll_costs
	await_streams
	# shellcheck disable=SC2086 # three numbers
	set -- "$1" $alone
	calc "%s %s %.4f %s %s %.4f %s %s %.4f %s %s\n" "$rate, $2, $rate / $2, \
		$per_own, $3, $per_own / $3, $per_left, $4, $per_left / $4, \
		$whole, $p99_ms" >>"$1"
}

# One web server for polls and another one for streams, so that the CPU time of each is known. Both
# lead to the same respool.fcgi.
start_mixed() {
	start_redis
	start_provider -d 0 -n 1 -b 64
	write_config
	start_supervisor 1
	start_relaying
	start_lighttpd polls "$dir/fcgi.sock"
	url=$web_url
	make_object 4096
	poll_url=$url/v1/responses/$id
	stop supervisor
	stop provider
	start_provider -d "$event_ms" -n "$events" -t
	start_lighttpd web "$dir/fcgi.sock"
	check_titles
}

# mixed_row FIGURE COLUMN FORMAT [OPERATOR TARGET]
mixed_row() {
	row "$1 beside $streams_name" "$(calc "$3" "$(median "$2" "$file")")" \
		"$(calc "$3" "$(median $(($2 + 1)) "$file")") alone" \
		"$(spread $(($2 + 2)) "$file" %.2f)" \
		"$(median $(($2 + 2)) "$file")" "${4:-}" "${5:-}"
}

measure_mixed() {
	choose_streams 1000 $((seconds * 1000 + 2000))
	[ -z "$quick" ] || choose_streams 1000 $((seconds * 1000 + 600))
	start_mixed
	file=$(data mixed)
	[ -n "$quick" ] || load 1 "$poll_url" # warm up
	round=0
	while [ "$round" -lt "$rounds" ]; do
		mixed_round "$file"
		round=$((round + 1))
	done
	mixed_row "polls per second" 1 %.0f
	mixed_row "polls per CPU second of the responders" 4 %.0f
	mixed_row "polls per CPU second that the streams leave" 7 %.0f '>=' 0.9
	row "whole and in order, $streams_name beside polls" "$(least 10 "$file")" "$streams" "" \
		"$(least 10 "$file")" '==' "$streams"
	row "age of an event, p99, $streams_name beside polls" "$(median 11 "$file") ms" "" ""
	stop_site
}
