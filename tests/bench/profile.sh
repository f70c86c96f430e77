#!/bin/sh
# Where one program's time goes under one load: the instructions of each function, counted by
# valgrind, or the system calls, counted by strace, for each delta, job, request, event or poll; or
# what of these Redis does.
# shellcheck disable=SC1090,SC1091,SC2034,SC2154 # the files beside it, and what is for them or from them
set -eu

usage() {
	cat <<-'END'
	usage: tests/bench/profile.sh [-c | -r] LOAD [FUNCTIONS]
	Prints the FUNCTIONS (40) that take most instructions by themselves, and with what they call;
	with -c the system calls instead. With -r it is Redis that is looked at, whatever the load is
	of: its commands, those that scripts call included, and its instructions.

	  deltas     of the worker: streams of 20 deltas a second
	  told       likewise, streams that clients may follow
	  jobs       of the worker: a response from its claim to its end, with one delta
	  requests   of the relay: a request that is passed through
	  events     of the relay: an event of streams that are passed through, 20 a second
	  followed   of the relay: an event of responses that are followed, likewise
	  polls      of the responder: 4 KB
	  unchanged  of the responder: polls that are answered 304
	  creates    of the responder

	environment: BENCH_BUILD, the build directory (default: this one); PROFILE_DIR, where files
	of callgrind are kept; PROFILE_TESTED, the build directory whose programs are looked at
	END
}

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${BENCH_BUILD:-$PWD}
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin" no_proxy='*'
. "$here/lib.sh"
tested=${PROFILE_TESTED:-$build}
streams=40
dir=

# watch COMMAND...: what this starts is looked at, with valgrind around it unless calls are counted.
watch() {
	[ "$counted" = calls ] || under="valgrind -q --tool=callgrind --trace-children=yes \
		--instr-atstart=no --callgrind-out-file=$dir/callgrind.%p"
	"$@"
	under=
}

# watch_if WHO COMMAND...: if it is that one.
watch_if() {
	if [ "$watched" = "$1" ]; then
		shift
		watch "$@"
	else
		shift
		"$@"
	fi
}

# start_front: one responder and one relay.
start_front() {
	start_responder 1 -r 1
}

# site WHO PROVIDER_OPTION...: the whole, of which the worker, the relay or the responder is watched,
# or Redis.
site() {
	watched=$1
	[ "$counted" != commands ] || watched=redis
	shift
	watch_if redis start_redis
	start_provider "$@"
	write_config
	watch_if worker start_supervisor 1
	case $watched in
	relay | responder) watch start_front ;;
	*) start_front ;;
	esac
	start_lighttpd web "$dir/fcgi.sock"
	url=$web_url
}

# Those that are looked at.
children() {
	if [ "$counted" = commands ]; then
		pid_of redis
		return
	fi
	for program in $started; do
		[ "${program%%:*}" != "$watched_program" ] ||
			cat "/proc/${program#*:}/task"/*/children
	done
}

begin() {
	[ "$counted" != commands ] || redis config resetstat >/dev/null
	for pid in $(children); do
		if [ "$counted" != calls ]; then
			callgrind_control -i on "$pid" >/dev/null 2>&1 ||
				die "callgrind does not begin in process $pid"
		else
			strace -f -c -U calls,errors,name -o "$dir/calls.$pid" -p "$pid" \
				2>/dev/null &
			tracers="$tracers $!"
		fi
	done
	[ "$counted" != calls ] || sleep 1
}

end_tracers() {
	for pid in $tracers; do
		kill -INT "$pid" 2>/dev/null || true
		wait "$pid" || true
	done
	tracers=
}

finish() {
	end_tracers
	[ "$counted" != calls ] || return 0
	for pid in $(children); do
		callgrind_control -i off "$pid" >/dev/null 2>&1 ||
			die "callgrind does not end in process $pid"
	done
	[ "$counted" != commands ] || redis info commandstats | tr -d '\r' >"$dir/commands"
}

provider_streams() {
	[ "$(provider_stat started)" -ge "$1" ]
}

# under_way THING COMMAND...: what is counted are deltas of streams that are under way.
under_way() {
	thing=$1
	shift
	"$@"
	wait_until 60 "the streams" provider_streams "$streams"
	sleep 3
	begin
	deltas=$(provider_stat deltas)
	sleep 8
	count=$(($(provider_stat deltas) - deltas))
	finish
}

clients() {
	start clients "$build/tests/bench/many_streams" "$@" "$url/v1/responses" "$key" "$streams" \
		500 1200
}

load_deltas() {
	site worker -d 50 -n 1200 -b 8
	under_way delta create "$streams" 8
}

load_told() {
	site worker -d 50 -n 1200 -t
	under_way delta clients -b
}

load_jobs() {
	site worker -d 0 -n 1 -b 64
	create 20 4
	wait_until 60 "the first jobs" all_completed 20
	begin
	thing=job count=300
	create "$count" 4
	wait_until 60 "the jobs" all_completed "$count"
	sleep 0.5
	finish
}

load_requests() {
	site relay -d 0 -n 1 -b 64
	"$build/tests/bench/relay_cost" requests "$url/v1/responses" "$key" 1 1000 >/dev/null
	begin
	"$build/tests/bench/relay_cost" requests "$url/v1/responses" "$key" 1 4000 >"$dir/cost"
	thing=request
	# shellcheck disable=SC2046 # names and numbers in turn
	set -- $(cat "$dir/cost")
	count=$4
	finish
}

load_events() {
	site relay -d 50 -n 1200 -t
	under_way event clients
}

load_followed() {
	site relay -d 50 -n 1200 -t
	under_way event clients -b
}

make_object() {
	create 1 1
	wait_until 20 "a response" all_completed 1
	id=$(grep -v '^#' "$dir/ids")
}

count_load() {
	load 1 "$@"
	begin
	load 4 "$@"
	count=$(calc %.0f "$rate * 4")
	finish
}

load_polls() {
	site responder -d 0 -n 1 -b 2600
	make_object
	thing=poll
	count_load "$url/v1/responses/$id"
}

load_unchanged() {
	site responder -d 0 -n 1 -b 2600
	make_object
	thing=poll
	etag=$(curl -sS -D - -o "$dir/answer" -H "Authorization: Bearer $key" \
		"$url/v1/responses/$id" | tr -d '\r' | sed -n 's/^[Ee][Tt][Aa][Gg]: //p')
	count_load "$url/v1/responses/$id" -H "If-None-Match: $etag"
}

load_creates() {
	site responder -d 0 -n 1 -b 64
	stop supervisor
	thing=create
	export WRK_METHOD=POST
	export WRK_BODY='{"model":"m","background":true,"input":"Say something about spools."}'
	count_load "$url/v1/responses" -H "Content-Type: application/json"
}

# The relay and the responder are children of one program; only the latter accepts connections.
is_ours() {
	if [ "$counted" = commands ]; then
		return
	elif grep -q 'accept4\|responder_run' "$1"; then
		[ "$watched" = responder ]
	else
		[ "$watched" != responder ]
	fi
}

tell_instructions() {
	stop_all
	for file in "$dir"/callgrind.*; do
		grep -qs '^fn=' "$file" && is_ours "$file" || continue
		seen=yes
		for inclusive in no yes; do
			say "instructions per $thing ($count), with what is called: $inclusive"
			callgrind_annotate --inclusive=$inclusive --threshold=100 --auto=no "$file" |
				sed -n 's/^ *\([0-9,]*\) ([ 0-9.]*%)  *\(.*\)/\1 \2/p' | tr -d , |
				awk -v n="$count" '{ printf "%10.1f  ", $1 / n; $1 = ""; print }' |
				sed 's/???://; s| \[/[^ ]*/| [|; s|  [^ ]*/\([^/ ]*:\)|  \1|' |
				head -n "$functions"
		done
		[ -z "${PROFILE_DIR:-}" ] || cp "$file" "$PROFILE_DIR/$load"
	done
}

tell_calls() {
	for file in "$dir"/calls.*; do
		[ -s "$file" ] && is_ours "$file" || continue
		seen=yes
		say "system calls per $thing ($count)"
		awk -v n="$count" '$1 ~ /^[0-9]+$/ {
			printf "%8.3f  %s%s\n", $1 / n, $NF, (NF > 2 ? " (" $2 / n " failed)" : "")
		}' "$file"
	done
}

tell_commands() {
	say "commands per $thing ($count)"
	sed -n 's/^cmdstat_\([^:]*\):calls=\([0-9]*\),.*/\2 \1/p' "$dir/commands" | sort -rn |
		awk -v n="$count" '$1 >= n / 50 { printf "%8.3f  %s\n", $1 / n, $2 }'
	tell_instructions
}

clean_up() {
	trap '' HUP INT TERM
	end_tracers
	stop_all
	[ -z "$dir" ] || rm -rf "$dir"
}

counted=instructions tracers='' seen=
case ${1:-} in
-c) counted=calls; shift ;;
-r) counted=commands; shift ;;
esac
load=${1:-} functions=${2:-40}
case $load in
deltas | told | jobs) watched_program=supervisor ;;
requests | events | followed | polls | unchanged | creates) watched_program=responder ;;
*) usage >&2; exit 2 ;;
esac
tools="valgrind callgrind_control callgrind_annotate"
[ "$counted" != calls ] || tools=strace
for tool in $tools; do
	command -v "$tool" >/dev/null || die "$tool is not installed"
done
trap clean_up EXIT
trap 'exit 130' HUP INT TERM
dir=$(mktemp -d "${TMPDIR:-/tmp}/respool-profile.XXXXXX")
chmod 755 "$dir"
"load_$load"
[ "$count" -gt 0 ] || die "nothing was done"
"tell_$counted"
[ -n "$seen" ] || die "the program was not seen at work"
