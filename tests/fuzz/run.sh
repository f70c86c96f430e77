#!/bin/sh
# Builds every harness of this directory and runs each for a while on its corpus.
set -eu

usage() {
	cat <<-'END'
	usage: tests/fuzz/run.sh [SECONDS] [JOBS]
	  SECONDS  to run each harness (default 10)
	  JOBS     how many to build or run at once (default: as many as there are processors)
	Builds with clang in $FUZZ_BUILD, by default build/fuzz. What a harness says is in
	$FUZZ_BUILD/NAME.log, an input that it fails on in $FUZZ_BUILD/findings. The corpus in the
	tree is read only: new inputs go to $FUZZ_BUILD/corpus. The last line tells the totals.
	END
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
esac
top=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-10}
jobs=${2:-$(nproc)}
build=${FUZZ_BUILD:-$top/build/fuzz}
case $seconds$jobs in
*[!0-9]* | '') usage >&2; exit 2 ;;
esac

mkdir -p "$build/findings" "$build/corpus"
build=$(cd "$build" && pwd)
export top build seconds
printf '#define %s "%s"\n' SYSCONFDIR /etc PACKAGE_VERSION fuzz >"$build/fuzz.h"
options="-g -O1 -std=gnu11 -fsanitize=fuzzer-no-link,address,undefined
	-fno-sanitize-recover=undefined -fno-omit-frame-pointer -D_GNU_SOURCE -I.
	-include $build/fuzz.h $(pkg-config --cflags json-c)"
export options

# compile SOURCE: to an object whose name is the source's with "_" for "/".
# shellcheck disable=SC2016 # the inner shell expands it
compile='
	object=$build/$(echo "${1%.c}" | tr / _).o
	[ "$object" -nt "$top/$1" ] && [ -z "$(find "$top/app" "$top/common" "$top/tests" \
		-name "*.h" -newer "$object")" ] || clang $options -c "$top/$1" -o "$object"'

# run NAME: ends with the harness's status.
# shellcheck disable=SC2016
run='
	mkdir -p "$build/corpus/$1"
	set -- "$1" "$top/tests/fuzz/corpus/${1#fuzz_}" "$top/tests/fuzz/$1.dict"
	[ -d "$2" ] || mkdir -p "$build/none"
	[ -d "$2" ] || set -- "$1" "$build/none" "$3"
	dict=
	[ ! -e "$3" ] || dict=-dict=$3
	status=0
	seeds=
	case $1 in
	fuzz_fold | fuzz_narrator) seeds=$build/upstreams ;;
	esac
	"$build/$1" "$build/corpus/$1" "$2" $seeds $dict -max_total_time="$seconds" -max_len=4096 \
		-timeout=20 -rss_limit_mb=2048 -close_fd_mask=3 -print_final_stats=1 \
		-artifact_prefix="$build/findings/$1-" >"$build/$1.log" 2>&1 || status=$?
	echo "$status" >"$build/$1.status"'

cd "$top"
# Requests of the corpus as what fuzz_dialects reads: four bytes, and the body.
mkdir -p "$build/corpus/fuzz_dialects"
for file in tests/upstreams/*/*/request.json; do
	seed=$(dirname "${file#tests/upstreams/}" | tr / -)
	case $seed in
	messages-*) { printf 'A   ' && cat "$file"; } ;;
	*) { printf '@   ' && cat "$file"; } ;;
	esac >"$build/corpus/fuzz_dialects/$seed"
done
# Its streams as what the readers' harnesses read: a byte, and the data of each event on a line.
mkdir -p "$build/corpus/fuzz_chat" "$build/corpus/fuzz_messages"
for file in tests/upstreams/chat/*/upstream.sse tests/upstreams/messages/*/upstream.sse; do
	harness=fuzz_$(echo "$file" | cut -d / -f 3)
	{ printf '\004' && sed -n 's/^data: *//p' "$file"; } \
		>"$build/corpus/$harness/$(basename "$(dirname "$file")")"
done
# Streams of providers as what fuzz_fold and fuzz_narrator read: a byte, and the data of each event on a line.
mkdir -p "$build/upstreams"
for file in tests/upstreams/responses/*.sse; do
	{ printf U && sed -n 's/^data: //p' "$file"; } >"$build/upstreams/$(basename "$file" .sse)"
done
# What needs the generated scripts, or a server, is left out.
sources="$(find common -name '*.c' ! -path 'common/store/*' ! -name prefork.c) common/store/keys.c"
helpers="app/responder/conversation_path.c app/responder/input_items.c app/responder/query.c app/responder/route.c tests/unit/response/naive_fold.c tests/unit/response/stored_copy.c tests/unit/response/told_rules.c"
harnesses=$(find tests/fuzz -name 'fuzz_*.c' | sort)
# shellcheck disable=SC2086 # lists of words
printf '%s\n' $sources $helpers $harnesses | xargs -P "$jobs" -I '{}' sh -euc "$compile" sh '{}'

objects=$(for source in $sources $helpers; do
	echo "$build/$(echo "${source%.c}" | tr / _).o"
done)
# In an archive, so that a harness gets only what it calls.
rm -f "$build/parts.a"
# shellcheck disable=SC2086
ar rcs "$build/parts.a" $objects
names=
for harness in $harnesses; do
	name=$(basename "$harness" .c)
	names="$names $name"
	# shellcheck disable=SC2046
	clang -g -fsanitize=fuzzer,address,undefined -o "$build/$name" \
		"$build/tests_fuzz_$name.o" "$build/parts.a" \
		$(pkg-config --libs json-c yaml-0.1 uuid libxxhash libcurl libcrypto)
	rm -f "$build/$name.status"
done

# shellcheck disable=SC2086
printf '%s\n' $names | xargs -P "$jobs" -I '{}' sh -euc "$run" sh '{}'

passed=0
failed=0
for name in $names; do
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log")
	if [ "$(cat "$build/$name.status" 2>/dev/null)" = 0 ]; then
		passed=$((passed + 1))
		echo "$name: ${executions:-0} executions, no finding"
	else
		failed=$((failed + 1))
		echo "$name: FAILED after ${executions:-0} executions"
		grep -v '^#' "$build/$name.log" | tail -n 40 | sed 's/^/    /'
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
