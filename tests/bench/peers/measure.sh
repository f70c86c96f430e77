# What is measured of a program. Sourced by run.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# record NAME VALUE: of the program that is measured.
record() {
	echo "$1 $2" >>"$out/data/peers-$system"
}

# figure SYSTEM NAME: what was recorded, or nothing.
figure() {
	sed -n "s/^$2 //p" "$out/data/peers-$1"
}

# client COMMAND ARGUMENT...: what it prints goes to $dir/client.log as well.
client() {
	asked=$1
	shift
	attend "$python" "$peers/client.py" "$asked" "$url" "$key" "$@" \
		>"$dir/client.log" 2>"$dir/client.err" || {
		tail -n 5 "$dir/${killed%% *}.log" >&2
		die_with_log "$(title_of "$system"): $asked failed" "$dir/client.err"
	}
}

# printed N LOG: the word of what client or relay_cost has printed.
printed() {
	awk -v n="$1" '{ print $n }' "$dir/$2.log"
}

# processes PROGRAM...: of all of them.
processes() {
	for named; do
		tree_of "$named"
	done
}

# shellcheck disable=SC2046,SC2086 # lists of names and numbers
cpu_of_programs() {
	cpu_us $(processes $programs)
}

# shellcheck disable=SC2046,SC2086
pss_of_programs() {
	pss_kb $(processes $programs)
}

# provide PROVIDER_OPTION...: another provider at the same port. What a program has left of
# connections to the one before is used up by requests that do not count.
provide() {
	stop provider
	start_provider "$@"
	for request in 1 2 3 4 5 6 7 8; do
		curl -s --noproxy '*' -m 60 -o /dev/null -H "Authorization: Bearer $key" \
			-H 'Content-Type: application/json' "$passed" \
			-d '{"model":"m","input":"Say something about spools."}' || true
	done
}

# Each response has ended before the next is created. Polls come every 10 ms, or as often as the
# program answers.
measure_first_text() {
	provide -d 50 -n 12 -b 8
	client first-text "$texts" 10
	record first_text_ms "$(printed 1 client)"
	record first_text_late_ms "$(printed 2 client)"
}

# Of one response of 4 KB that has ended.
measure_polls() {
	provide -d 0 -n 500 -b 8
	client create 1 1
	cp "$dir/client.log" "$dir/ids"
	id=$(cat "$dir/ids")
	client outcomes "$dir/ids" 4000 60
	[ "$(printed 1 client)" -eq 1 ] || die "$(title_of "$system"): a short response did not end"
	load 1 "$url/$id"
	cpu=$(cpu_of_programs)
	redis_cpu=$(cpu_of redis)
	load $((seconds * 2)) "$url/$id"
	polls=$(calc %.0f "$rate * $seconds * 2")
	record polls "$rate"
	record polls_per_cpu "$(calc %.1f "$polls / (($(cpu_of_programs) - $cpu) / 1e6)")"
	record redis_us_per_poll "$(calc %.2f "($(cpu_of redis) - $redis_cpu) / $polls")"
}

# run_all COUNT DELTAS DELAY_MS: creates so many, and waits until all are complete. Leaves in $cpu
# and $redis_cpu what they have taken (us), in $input what Redis has received, in $memory what the
# programs have while all run (KB), and in $whole how many are complete with all their text.
run_all() {
	finished=$(provider_stat finished)
	began=$(provider_stat started)
	input=$(redis_input)
	redis_cpu=$(cpu_of redis)
	cpu=$(cpu_of_programs)
	client create "$1" 16
	cp "$dir/client.log" "$dir/ids"
	sleep 1
	memory=$(pss_of_programs)
	wait_until $((60 + $2 * $3 / 200)) "the streams" provider_finished $((finished + $1))
	sleep 2
	cpu=$(($(cpu_of_programs) - cpu))
	redis_cpu=$(($(cpu_of redis) - redis_cpu))
	input=$(($(redis_input) - input))
	client outcomes "$dir/ids" $(($2 * 8)) 60
	whole=$(printed 1 client)
}

measure_streams() {
	provide -d 50 -n "$deltas_of_short" -b 8
	client create 1 1
	sleep 1
	idle=$(pss_of_programs)
	run_all "$streams" "$deltas_of_short" 50
	stream_seconds=$(calc %.1f "$streams * $deltas_of_short * 0.05")
	record whole "$whole"
	record stream_kb "$(calc %.1f "($memory - $idle) / $streams")"
	record stream_cpu_ms "$(calc %.3f "$cpu / 1000 / $stream_seconds")"
	record stream_redis_ms "$(calc %.3f "$redis_cpu / 1000 / $stream_seconds")"
	record short_bytes "$(calc %.2f "$input / ($streams * $deltas_of_short * 8)")"
}

measure_long() {
	provide -d 5 -n "$deltas_of_long" -b 8
	run_all "$long_streams" "$deltas_of_long" 5
	record long_whole "$whole"
	record long_bytes "$(calc %.2f "$input / ($long_streams * $deltas_of_long * 8)")"
	record long_cpu_us "$(calc %.2f "$cpu / ($long_streams * $deltas_of_long)")"
}

# relay_cost URL MODE ARGUMENT...: leaves what it prints in $dir/relay_cost.log, CPU time in $cpu.
relay_cost() {
	target=$1
	mode=$2
	shift 2
	cpu=$(cpu_of_programs)
	attend "$build/tests/bench/relay_cost" "$mode" "$target" "$key" "$@" \
		>"$dir/relay_cost.log" 2>&1 ||
		die_with_log "$(title_of "$system"): $mode failed" "$dir/relay_cost.log"
	cpu=$(($(cpu_of_programs) - cpu))
}

# measure_passed NAME COLUMN MODE ARGUMENT...: the time (us) that is COLUMN of what relay_cost prints,
# longer by what through the program than directly, and CPU time for each request or event.
measure_passed() {
	named=$1
	column=$2
	shift 2
	relay_cost "$provider_url/responses" "$@"
	direct=$(printed "$column" relay_cost)
	relay_cost "$passed" "$@"
	record "${named}_direct_us" "$direct"
	record "${named}_added_us" "$(calc %.2f "$(printed "$column" relay_cost) - $direct")"
	record "${named}_cpu_us" "$(calc %.2f "$cpu / $(printed 4 relay_cost)")"
}

measure_passthrough() {
	fast=4000
	paced=400
	[ -z "$quick" ] || { fast=200; paced=40; }
	provide -d 0 -n 1 -b 64
	measure_passed request 2 requests 1 "$passed_ms"
	measure_passed requests 2 requests 4 "$passed_ms"
	provide -d 0 -n "$fast" -b 64
	measure_passed event 2 stream
	provide -d 5 -n "$paced" -t
	measure_passed age 6 stream
}

provider_has_open() {
	[ "$(provider_stat open)" -ge 1 ]
}

# A response is cancelled a second after it began; the answer would take 10 seconds.
measure_cancel() {
	provide -d 50 -n 200 -b 8
	client create 1 1
	id=$(cat "$dir/client.log")
	wait_until 30 "a stream" provider_has_open
	sleep 1
	early=$(provider_stat closed_early)
	client cancel "$id"
	[ "$(printed 1 client)" -eq 200 ] || return 0
	tries=250
	while [ "$(provider_stat closed_early)" -eq "$early" ] && provider_has_open; do
		sleep 0.05
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || break
	done
	record cancel_closes "$(($(provider_stat closed_early) - early))"
	sleep 1
	client state "$id"
	record cancel_status "$(printed 1 client)"
}

# kill_programs: those that are not the web server, with kill -9, all at once.
kill_programs() {
	# shellcheck disable=SC2046,SC2086 # lists of names and numbers
	kill -9 $(processes $killed)
	for named in $killed; do
		pid=$(pid_of "$named")
		wait "$pid" 2>/dev/null || true
		forget "$pid"
	done
}

measure_kill() {
	provide -d 50 -n 200 -b 8
	client create "$killed_streams" 16
	cp "$dir/client.log" "$dir/ids"
	sleep 3
	kill_programs
	sleep 1
	"restart_$system"
	client outcomes "$dir/ids" 1600 "$patience"
	record killed_whole "$(printed 1 client)"
	record killed_failed "$(printed 2 client)"
	record killed_running "$(printed 3 client)"
	record killed_gone "$(printed 4 client)"
	record killed_seconds "$(printed 5 client)"
}
