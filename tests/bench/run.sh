#!/bin/sh
# Measures respool beside programs that do less, prints a table with ratios, and says by its exit
# status whether all of them are as they should be.
# shellcheck disable=SC1090,SC1091,SC2034 # the files beside it, and what is for them
set -eu

usage() {
	cat <<-'END'
	usage: tests/bench/run.sh [GROUP...]
	Without a GROUP: all of them but peers, then the report. "make bench" builds first and does that.

	  polls        polls and 304s behind each web server, beside a bare libfcgi program
	  creates      creates beside polls
	  starts       from the answer to a create until the provider is called
	  deltas       CPU per delta beside a bare libcurl reader, bytes that Redis receives
	  bytes        bytes that Redis receives for long answers
	  streams      4,000 streams in one worker: correctness, age of text, memory
	  burst        1,000 creates at once
	  scaling      one worker, two, and two supervisors
	  passthrough  what a client sees of lighttpd, nginx and respool between it and a provider
	  relays       1,000 streams that are passed through at once: whether they are whole, age of
	               events, memory, CPU
	  mixed        polls beside 1,000 such streams
	  follow       background responses that are followed as streams: age of events, CPU, memory
	  dialects     deltas and requests that are translated beside such that are not
	  webhooks     what a job costs that somebody is told of, and how soon that is
	  redis        TLS to Redis, and a Cluster, beside plain TCP
	  versions     CPU and bytes beside an earlier version's: what is passed on, and background
	               responses that are not streamed
	  writes       what a write costs Redis and respoold, beside an earlier version's
	  growth       costs by length of the answer, by streams, by length of the queue; or one of
	               these alone: length, count, queue
	  claim        what a job costs when it is the next of one tenant, and of 1,000, while 100,000 wait
	  shares       how long a tenant waits for its worker beside one that has asked for 10,000
	  faults       cancelled, killed, Redis away: how soon respool is itself again
	  scrape       what /metrics costs Redis while 10,000 responses are stored
	  peers        other programs for the same purpose, where they can be installed; never without
	               being named
	  report       the table of what was measured last, in Markdown, and the plots
	  doc          writes that into doc/performance.md and doc/performance-*.svg, and what
	               tests/bench/soak.sh and tests/bench/scripts.sh have left

	environment:
	  BENCH_BUILD    the build directory (default: this one, if respoold is in it)
	  BENCH_OUT      for results (default: $BENCH_BUILD/bench)
	  BENCH_ROUNDS   of each comparison; its result is their median (default 5)
	  BENCH_SECONDS  of each load (default 2)
	  BENCH_QUICK=1  a short run of everything that shows that it works; its figures mean
	                 nothing, and the exit status does not depend on them
	  BENCH_SERVERS  of polls: some of "lighttpd nginx apache"
	  BENCH_SIZES    of polls: sizes of objects; of length: of texts (bytes)
	  BENCH_STREAMS  of deltas, streams, burst, relays, mixed, follow, dialects, redis and writes
	  BENCH_READERS  of follow: those that wait for what is queued
	  BENCH_BASELINE of versions and writes: the build directory of the earlier one; without it there is
	                 nothing to compare with
	  BENCH_STARTS   of starts: how many
	  BENCH_JOBS     of shares: how many the modest tenant asks for, one a second
	  BENCH_NUMBERS, BENCH_LENGTHS  of count: streams; of queue: waiting
	END
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
export LC_ALL=C
export PATH="$PATH:/usr/sbin:/sbin"
export no_proxy='*'
. "$here/lib.sh"
for part in "$here"/groups/*.sh "$here"/report/*.sh; do
	. "$part"
done

groups="polls creates starts deltas bytes streams burst scaling passthrough relays mixed"
groups="$groups follow dialects webhooks redis versions writes length count queue claim shares"
groups="$groups faults scrape"
named_groups="peers"
parts=
dir=
quick=
rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-2}
if [ -n "${BENCH_QUICK:-}" ]; then
	quick=yes
	rounds=1
	seconds=1
fi
# Of loads that take turns often: chance is better told from what is there by more of them.
brief=$(((seconds + 1) / 2))
build=${BENCH_BUILD:-$PWD}
out=${BENCH_OUT:-$build/bench}

check_build() {
	for program in respoold respool.fcgi respoolctl tests/provider tests/bench/create; do
		[ -x "$build/$program" ] ||
			die "$build/$program is not there: run \"make bench\", or set BENCH_BUILD"
	done
}

check_programs() {
	missing=
	for program in redis-server redis-cli lighttpd nginx apache2 wrk curl setpriv gnuplot \
		openssl; do
		command -v "$program" >/dev/null || missing="$missing $program"
	done
	[ -e /usr/lib/apache2/modules/mod_fcgid.so ] || missing="$missing mod_fcgid"
	[ -z "$missing" ] || die "not installed:$missing; deploy/bench.sh installs what is needed"
}

# beside FUNCTION ARGUMENT...: in a process of its own, at the same time.
beside() {
	BENCH_BUILD=$build BENCH_OUT=$out "$here/run.sh" --part "$@" &
	parts="$parts $!"
}

await_all() {
	for part in $parts; do
		wait "$part" || die "a part of the group failed"
	done
	parts=
}

clean_up() {
	trap '' HUP INT TERM
	for part in $parts; do
		kill "$part" 2>/dev/null || true
		wait "$part" 2>/dev/null || true
	done
	stop_all
	[ -z "$dir" ] || rm -rf "$dir"
}

# Servers that run as another user have to reach the files.
make_directory() {
	dir=$(mktemp -d "${TMPDIR:-/tmp}/respool-bench.XXXXXX")
	chmod 755 "$dir"
	mkdir -p "$out/results" "$out/data"
}

measure() {
	began=$(date +%s)
	begin_group "$1"
	"measure_$1"
	[ -e "$out/results/$1.about" ] || say "$measured_on" >"$out/results/$1.about"
	say "   $1 took $(($(date +%s) - began)) s"
}

# await_group NAME PID
await_group() {
	wait "$2" || failed="$failed $1"
	parts=${parts%" $2"}
}

# start_group NAME: in a process of its own; one that fails does not end the others.
start_group() {
	rm -f "$out/results/$1.tsv"
	BENCH_BUILD=$build BENCH_OUT=$out BENCH_MEASURED_ON=$measured_on "$here/run.sh" "$1" &
	parts="$parts $!"
}

# One group after the other. When the figures do not matter, the longest run beside the others.
measure_all() {
	failed=
	aside=
	all_began=$(date +%s)
	[ -z "$quick" ] || aside="polls redis faults"
	pairs=
	for name in $aside; do
		start_group "$name" >"$dir/$name.out" 2>&1
		pairs="$pairs $name:$!"
	done
	for name in $groups; do
		case " $aside " in
		*" $name "*) continue ;;
		esac
		start_group "$name"
		await_group "$name" $!
	done
	for pair in $pairs; do
		await_group "${pair%:*}" "${pair#*:}"
		cat "$dir/${pair%:*}.out"
	done
	took=$(($(date +%s) - all_began))
	calc "%.0f\n" "$took / 60" >"$out/minutes"
	say "   all of it took $took s"
	[ -z "$failed" ] || say "could not be measured:$failed" >&2
	[ -z "$failed" ]
}

# Brings its own programs, and writes its results itself. 3 is that a target was missed.
measure_peers() {
	BENCH_BUILD=$build BENCH_OUT=$out attend "$here/peers/run.sh" || [ $? -eq 3 ] ||
		die "the other programs could not be measured"
}

# run_group NAME
run_group() {
	case " $groups $named_groups report doc " in
	*" $1 "*) ;;
	*) usage >&2; exit 2 ;;
	esac
	# shellcheck disable=SC2086 # lists of words
	case $1 in
	report) report $groups $named_groups ;;
	doc) write_doc ;;
	*) measure "$1" ;;
	esac
}

measured_on=${BENCH_MEASURED_ON:-$(circumstances)}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
if [ "${1:-}" = --part ]; then
	shift
	make_directory
	"$@"
	exit 0
fi
for name; do
	shift
	case $name in
	growth) set -- "$@" length count queue ;;
	*) set -- "$@" "$name" ;;
	esac
done
case "${1:-}" in
report | doc) ;;
*) check_build; check_programs ;;
esac
# A thousand streams need thousands of connections.
# shellcheck disable=SC3045 # all that is a /bin/sh has it
ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
make_directory
if [ $# -eq 0 ]; then
	status=0
	measure_all || status=1
	# shellcheck disable=SC2086 # a list of words
	report $groups || status=1
	exit "$status"
fi
for name; do
	run_group "$name"
done
# In a run of all groups the report counts what was missed.
[ -n "$quick" ] || [ -n "${BENCH_MEASURED_ON:-}" ] || [ "$(verdicts FAIL "$@")" -eq 0 ]
