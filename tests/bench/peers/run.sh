#!/bin/sh
# Measures respool beside other programs that offer background responses or pass requests through:
# the same load on the same machine, one program after the other.
# shellcheck disable=SC1090,SC1091,SC2034 # the files beside it, and what is for them
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
for part in "$here"/report/*.sh; do
	. "$part"
done
. "$peers/programs.sh"
. "$peers/measure.sh"
. "$peers/rows.sh"

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
