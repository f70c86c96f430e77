#!/bin/sh
# Measures respool beside other programs that offer background responses or pass requests through:
# the same load on the same machine, one program after the other.
# shellcheck disable=SC1091,SC2034 # the files beside it, and what is for them
set -eu

usage() {
	cat <<-'END'
	usage: tests/bench/peers/run.sh [NAME...]
	NAME: litellm, bifrost; by default both. What cannot be installed is named and left out.
	The exit status is 3 if a target was missed.

	environment:
	  BENCH_BUILD    the build directory (default: this one)
	  BENCH_OUT      for results (default: $BENCH_BUILD/bench): results/peers.tsv, peers-about.md
	  BENCH_PEERS    where programs are installed (default: $BENCH_BUILD/peers)
	  BENCH_PYTHON   the Python that LiteLLM gets (default python3)
	  BENCH_BIFROST  a bifrost-http that is there already
	  BENCH_STREAMS  how many run at once (default 40)
	  BENCH_QUICK=1  a short run that shows that it works; installs nothing
	END
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
esac
peers=$(cd "$(dirname "$0")" && pwd)
here=$(cd "$peers/.." && pwd)
top=$(cd "$here/../.." && pwd)
export LC_ALL=C
export PATH="$PATH:/usr/sbin:/sbin"
export no_proxy='*'
export PYTHONDONTWRITEBYTECODE=1
. "$here/lib.sh"
. "$here/webservers.sh"
. "$here/report.sh"
. "$peers/programs.sh"

build=${BENCH_BUILD:-$PWD}
out=${BENCH_OUT:-$build/bench}
cache=${BENCH_PEERS:-$build/peers}
python=${BENCH_PYTHON:-python3}
streams=${BENCH_STREAMS:-40}
dir=
quick=
seconds=2
passed_ms=3000
litellm_workers=$(nproc)
texts=50
deltas_of_short=200
deltas_of_long=4000
long_streams=10
killed_streams=50
patience=60
if [ -n "${BENCH_QUICK:-}" ]; then
	quick=yes
	seconds=1
	passed_ms=300
	litellm_workers=1
	texts=3
	streams=10
	deltas_of_short=20
	deltas_of_long=100
	long_streams=2
	killed_streams=5
	patience=2
fi

# ---- figures -------------------------------------------------------------------------------------

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

# ---- what is measured ----------------------------------------------------------------------------

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

# measure_program NAME: everything, with a Redis and a provider of its own.
measure_program() {
	system=$1
	began_at=$(date +%s)
	say "   $(title_of "$system")"
	: >"$out/data/peers-$system"
	next_port
	redis_port=$port
	start_redis_at "$dir/redis.sock" --bind 127.0.0.1 --port "$redis_port"
	start_provider -d 50 -n 12 -b 8
	"start_$system"
	{ "about_$system"; say ""; } >>"$out/peers-about.md"
	record idle_mb "$(calc %.1f "$(pss_of_programs) / 1024")"
	for part in $parts; do
		"measure_$part"
	done
	stop_all
	rm -f "$dir"/*.sock
	say "   $(title_of "$system") took $(($(date +%s) - began_at)) s"
}

# ---- rows ----------------------------------------------------------------------------------------

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

# ---- what stands with them -----------------------------------------------------------------------

# tell WORD...: in lines that are not too long.
tell() {
	say "$*" | fold -s -w 96 | sed 's/ *$//'
}

# quote FILE: as a block of code.
quote() {
	say ""
	sed 's/^/    /' "$1"
}

check_programs() {
	missing=
	for program in redis-server redis-cli lighttpd wrk curl setpriv "$python"; do
		command -v "$program" >/dev/null || missing="$missing $program"
	done
	[ -z "$missing" ] || die "not installed:$missing"
	for program in respoold respool.fcgi tests/provider tests/bench/relay_cost; do
		[ -x "$build/$program" ] ||
			die "$build/$program is not there: run \"make bench-peers\", or set BENCH_BUILD"
	done
}

clean_up() {
	trap '' HUP INT TERM
	stop_all
	[ -z "$dir" ] || rm -rf "$dir"
}

# install_all NAME...: leaves in $measured those that are there.
install_all() {
	measured=
	for peer; do
		case $peer in
		litellm | bifrost) ;;
		*) usage >&2; exit 2 ;;
		esac
		"install_$peer"
		if [ -z "$absent" ]; then
			measured="$measured $peer"
		else
			say "$(title_of "$peer") is left out: $absent." | tee -a "$out/peers-about.md"
			say "" >>"$out/peers-about.md"
		fi
	done
}

trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
check_programs
dir=$(mktemp -d "${TMPDIR:-/tmp}/respool-peers.XXXXXX")
chmod 755 "$dir"
mkdir -p "$out/results" "$out/data" "$cache"
begin_group peers
: >"$out/peers-about.md"
[ $# -gt 0 ] || set -- litellm bifrost
install_all "$@"
[ -n "$measured" ] || { say "nothing to measure respool beside"; exit 0; }
for system in respool $measured; do
	measure_program "$system"
done
write_rows
day_and_machine >"$out/results/peers.about"
[ -n "$quick" ] || [ "$(verdicts FAIL peers)" -eq 0 ] || exit 3
