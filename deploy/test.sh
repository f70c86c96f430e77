#!/bin/sh
# Builds respool in several ways, runs every test, and ends with a line of totals.
# shellcheck disable=SC2317 # many functions are called by their names
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh
. deploy/root.sh

top=$PWD
logs=$top/build/log
passed=0
failed=0
skipped=0
parts=

# deploy/packages.sh says how a package may be given.
test_packages="libcmocka-dev clang libclang-rt-dev|- clang-format cppcheck valgrind
	curl redis-server redis-tools valkey-server|- stunnel4 openssl
	lighttpd spawn-fcgi nginx apache2-bin libapache2-mod-fcgid multiwatch nghttp2-proxy wrk
	python3 python3-jsonschema python3-pytest python3-pytest-xdist python3-redis
	mandoc systemd gnuplot-nox iproute2 procps strace
	build-essential debhelper lintian buildah debootstrap python3-yaml"

# What the tests with OpenAI's SDK and other clients need beside that. Without it they are skipped.
sdk_packages() {
	command -v node >/dev/null || echo nodejs
	command -v npm >/dev/null || [ -n "${RESPOOL_NODE_MODULES:-}" ] || echo npm
}

usage() {
	cat <<-'END'
	usage: deploy/test.sh [--quick] [--second] [--in SUITE]
	  --quick     leave out the build with clang and what runs with sanitizers or valgrind
	  --second    leave out what needs to be tested on one system only: how the sources look,
	              valgrind, fuzzing, benchmarks, and with sanitizers all but what speaks to Redis
	  --in SUITE  as root: test in a root with that release, such as trixie or bookworm, which
	              debootstrap makes in build/root-SUITE from where the machine's apt gets its own
	  --prepare   only install what is missing
	Builds are in build/, and what each step wrote in build/log/. The last line tells the
	totals; the exit status is 0 if nothing failed.
	END
}

say() {
	printf '%s\n' "$*"
}

count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
}

# run NAME COMMAND...: leaves the command's output in $log, its exit status in $status.
run() {
	log=$logs/$(echo "$1" | tr ' ' -).log
	printf '%-32s ' "$1"
	shift
	began=$(date +%s)
	status=0
	"$@" >"$log" 2>&1 </dev/null || status=$?
	took=$(($(date +%s) - began))
}

# report RESULT: ends the line that run began. The end of the log follows if anything failed.
report() {
	say "$1 ($took s)"
	[ "$status" -eq 0 ] || tail -n 80 "$log" | sed 's/^/    /'
}

# skip NAME WHY: a test that cannot be run here.
skip() {
	count 0 0 1
	printf '%-32s skipped: %s\n' "$1" "$2"
}

# check NAME COMMAND...: a command that counts as one test. Returns whether it passed.
check() {
	run "$@"
	if [ "$status" -eq 0 ]; then
		count 1 0 0
		report passed
	else
		count 0 1 0
		report FAILED
	fi
	return "$status"
}

# check_many NAME SUMMARY COMMAND...: a command that runs many tests. SUMMARY is a command that
# prints "PASSED FAILED SKIPPED" afterwards.
check_many() {
	name=$1
	summary=$2
	shift 2
	run "$name" "$@"
	# shellcheck disable=SC2046 # three numbers
	set -- $($summary)
	if [ "$status" -ne 0 ] && [ "$2" -eq 0 ]; then
		set -- "$1" 1 "$3"
	elif [ "$2" -ne 0 ]; then
		status=1
	fi
	count "$1" "$2" "$3"
	report "$1 passed, $2 failed, $3 skipped"
}

formatting() {
	find app common tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} +
}

# Versions of clang-format differ in details. .clang-format says which one the sources follow.
check_formatting() {
	wanted=$(sed -n 's/^# .*\(clang-format [0-9]*\).*/\1/p' .clang-format)
	case $(clang-format --version) in
	*"${wanted% *} version ${wanted#* }."*) check "formatting" formatting || true ;;
	*) skip "formatting" "this is not $wanted" ;;
	esac
}

# cppcheck does not know C11's _Noreturn. Later versions of it say that they do not look at every
# branch, and want tests to expect that there is no memory.
static_analysis() {
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --error-exitcode=1 -I. \
		-D'_Noreturn=__attribute__((noreturn))' -D'SYSCONFDIR=""' -D'PACKAGE_VERSION=""' \
		--suppress=normalCheckLevelMaxBranches \
		--suppress='nullPointerOutOfMemory:tests/*' \
		--suppress='nullPointerOutOfResources:tests/*' \
		-j "$(nproc)" app common tests
}

# A function that "run" calls has no "set -e": each step names its successor.
configure_script() {
	(
		flock 9
		if [ ! -e configure ] || [ ! -e Makefile.in ]; then
			./autogen.sh
		fi
	) 9>build/.lock
}

# compile NAME OPTION...: in build/NAME, with the test programs.
compile() (
	mkdir -p "build/$1" && cd "build/$1" && shift &&
		{ [ -e Makefile ] || ../../configure "$@"; } &&
		make -j"$(nproc)" && make -j"$(nproc)" check TESTS=
)

# --foreground: what stops this shell stops that, too.
unit_tests() {
	find "build/$1/tests/unit" \( -name '*.trs' -o -name '*.log' \) -delete
	timeout --foreground -k 10 900 make -C "build/$1" -j"$(nproc)" check
}

# What cmocka counted. A program that failed without cmocka's word is one failure.
unit_summary() {
	# shellcheck disable=SC2046 # names without blanks
	set -- $(find "$build/tests/unit" -name '*.log' -o -name '*.trs')
	[ $# -ne 0 ] || { echo 0 0 0; return; }
	awk '
		/^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
		/^\[  SKIPPED \] [0-9]+ test/ { skipped += $4 }
		/^\[  FAILED  \] [0-9]+ test/ { failed += $4; told[FILENAME] = 1 }
		/^:test-result: (FAIL|ERROR)/ {
			log_name = FILENAME
			sub(/trs$/, "log", log_name)
			if (!(log_name in told))
				failed++
		}
		END { print passed + 0, failed + 0, skipped + 0 }
	' "$@"
}

# Sanitizers leave less of the processors to those who wait for an answer, and look at each thing
# once: not again with others' clients and servers before it, and on a second system at what speaks
# to Redis, by another hiredis.
# shellcheck disable=SC2086 # patterns
integration_tests() {
	rm -f "$build/integration.xml"
	case $build${second:+,second} in
	*/asan) set -- -n 4 -m "not once" tests/integration ;;
	*/asan,second)
		set -- -n 4
		for name in advice "failover_*" namespace "redis_*" resharding rights "store_*"; do
			set -- "$@" tests/integration/test_$name.py
		done
		;;
	*) set -- -n 6 tests/integration ;;
	esac
	RESPOOL_BUILD=$build PYTHONDONTWRITEBYTECODE=1 timeout --foreground -k 10 1500 \
		/usr/bin/python3 -m pytest -q --dist loadfile \
		--junitxml="$build/integration.xml" "$@"
}

integration_summary() {
	[ -e "$build/integration.xml" ] || { echo 0 0 0; return; }
	sed 's/<testsuite /\n&/' "$build/integration.xml" | awk '
		function attribute(name) {
			if (!match($0, " " name "=\"[0-9]+"))
				return 0
			return substr($0, RSTART + length(name) + 3, RLENGTH) + 0
		}
		/^<testsuite / {
			failed = attribute("failures") + attribute("errors")
			skipped = attribute("skipped")
			passed = attribute("tests") - failed - skipped
			print passed < 0 ? 0 : passed, failed, skipped
			exit
		}
	'
}

# Each unit test program counts as one. The largest take longest, and begin first.
valgrind_tests() {
	# shellcheck disable=SC2016 # the inner shell expands it
	find "$build/tests/unit" -type f -name 'test_*' -perm -u+x -printf '%s %p\n' |
		sort -rn | cut -d ' ' -f 2- |
		RESPOOL_TEST_ROUNDS_OF=40 xargs -P "$(nproc)" -I '{}' sh -c '
			if valgrind --quiet --leak-check=full --error-exitcode=99 "$1" >"$1.valgrind" 2>&1
			then
				echo "valgrind ok: $1"
			else
				cat "$1.valgrind"
				echo "valgrind FAILED: $1"
			fi' sh '{}'
}

fuzz_summary() {
	counted=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2 0/p' "$log" | tail -n 1)
	echo "${counted:-0 0 0}"
}

valgrind_summary() {
	echo "$(grep -c '^valgrind ok' "$log") $(grep -c '^valgrind FAILED' "$log") 0"
}

# build_and_test_units NAME OPTION...: returns whether there is a build.
build_and_test_units() {
	build=$top/build/$1
	check "build $1" compile "$@" || return 1
	check_many "unit tests $1" unit_summary unit_tests "$1"
}

# test_programs NAME: those of a build.
test_programs() {
	build=$top/build/$1
	check_many "integration tests $1" integration_summary integration_tests
}

quick_start() {
	check "quick start" env -u OPENAI_API_KEY deploy/quickstart.sh --once || true
}

# Parts: steps that run beside others, whose programs wait for most of their time.
part_sanitizers() {
	build_and_test_units asan CC=gcc CFLAGS="-g -O1" --enable-sanitizers
}

# Fuzzers end after a time, of which they get what is left, so it is long.
part_processors() {
	build=$top/build/gcc
	[ -n "$second" ] || check_many "unit tests in valgrind" valgrind_summary valgrind_tests
	check "make distcheck" make -C build/gcc -j"$(nproc)" \
		DISTCHECK_CONFIGURE_FLAGS="CFLAGS=-O0" distcheck || true
	check "Debian package" tests/debian_package.sh build/gcc || true
	check "build clang" compile clang CC=clang CFLAGS=-O0 --enable-werror || true
	[ -n "$second" ] || check_many "fuzzing" fuzz_summary tests/fuzz/run.sh 6 "$(nproc)"
	quick_start
}

container_summary() {
	# Without results it has been skipped, and said why.
	[ -e build/container/integration.xml ] || { cat "$log" >&2; echo 0 0 1; return; }
	(build=$top/build/container && integration_summary)
}

part_container() {
	check_many "container" container_summary tests/container.sh
}

# beside PART: starts it with what others leave of the processors; its process id is $! then.
# timeout passes signals on to all of its processes.
beside() {
	rm -f "$logs/$1.totals"
	setpriv --pdeathsig TERM timeout -k 10 3000 \
		nice -n 19 "$top/deploy/test.sh" ${second:+--second} --part "$1" \
		>"$logs/$1.out" 2>&1 </dev/null &
	parts="$parts $!"
}

# await PART PID: shows and counts what it has come to. Returns its status.
await() {
	part_status=0
	wait "$2" || part_status=$?
	parts=$(echo "$parts" | sed "s/ $2\>//")
	cat "$logs/$1.out"
	# shellcheck disable=SC2046 # three numbers
	count $(cat "$logs/$1.totals" || echo 0 1 0)
	return "$part_status"
}

run_part() {
	part_status=0
	"part_$1" || part_status=$?
	echo "$passed $failed $skipped" >"$logs/$1.totals"
	exit "$part_status"
}

stop_parts() {
	for part in $parts; do
		kill "$part" 2>/dev/null || true
	done
	wait
}

totals() {
	say "$passed passed, $failed failed, $skipped skipped"
	exit $((failed > 0))
}

# fetch PROGRAM: into build/node, under a name that tells which versions. Prints where.
fetch() {
	/usr/bin/python3 "tests/integration/$1.py" build/node 2>"$logs/$1.log"
}

# use_sdks: has all tests use the same copies of OpenAI's SDK for Node and of other clients, as far
# as they can be had.
use_sdks() {
	[ -n "${RESPOOL_NODE_MODULES:-}" ] || ! sdk=$(fetch node_package) ||
		export RESPOOL_NODE_MODULES="$top/$sdk"
	[ -n "${RESPOOL_CLIENT_MODULES:-}" ] || ! clients=$(fetch client_packages) ||
		export RESPOOL_CLIENT_MODULES="$top/$clients"
}

prepare() {
	# shellcheck disable=SC2086 # lists of words
	if ! need_packages "to build and test respool" $build_packages $test_packages; then
		count 0 1 0
		totals
	fi
	wanted=$(sdk_packages)
	# shellcheck disable=SC2086 # a list of words
	[ -z "$wanted" ] || need_packages "to test with OpenAI's SDK" $wanted ||
		say "The tests with OpenAI's SDK will be skipped."
	need_packages "to test the operators' page" chromium ||
		say "The tests of the operators' page will be skipped."
	need_packages "to have promtool look at the metrics" prometheus ||
		say "promtool's look at the metrics will be skipped."
	use_sdks
}

# What does not depend on the system.
test_sources() {
	check_formatting
	check "static analysis" static_analysis || true
	check "arrows between folders" tests/arrows.sh || true
}

test_quick() {
	! build_and_test_units gcc CC=gcc --enable-werror || test_programs gcc
	check "benchmarks, quick" env BENCH_QUICK=1 make -C build/gcc bench || true
	quick_start
}

test_whole() {
	beside sanitizers
	sanitizers=$!
	processors=
	container=
	if build_and_test_units gcc CC=gcc --enable-werror; then
		beside processors
		processors=$!
		[ -n "$second" ] || { beside container; container=$!; }
		test_programs gcc
	fi
	! await sanitizers "$sanitizers" || test_programs asan
	[ -n "$second" ] || check "benchmarks, quick" env BENCH_QUICK=1 make -C build/gcc bench || true
	[ -z "$processors" ] || await processors "$processors" || true
	[ -z "$container" ] || await container "$container" || true
}

test_here() {
	prepare
	[ -n "$second" ] || test_sources
	check "configure script" configure_script || totals
	if [ -n "$quick" ]; then
		test_quick
	else
		test_whole
	fi
	totals
}

# What the tests in a root need beside the sources, as far as it is here.
give_to_root() {
	specification=${OPENRESPONSES_SCHEMA:-../shared/openresponses/openapi.json}
	OPENRESPONSES_SCHEMA=
	if [ -e "$specification" ]; then
		OPENRESPONSES_SCHEMA=/src/openapi.json
		root_copy "$specification" "$OPENRESPONSES_SCHEMA"
	fi
	use_sdks
	if [ -n "${RESPOOL_NODE_MODULES:-}" ]; then
		root_copy "$RESPOOL_NODE_MODULES" /src/node_modules
		RESPOOL_NODE_MODULES=/src/node_modules
	fi
	if [ -n "${RESPOOL_CLIENT_MODULES:-}" ]; then
		root_copy "$RESPOOL_CLIENT_MODULES" /src/clients/node_modules
		RESPOOL_CLIENT_MODULES=/src/clients/node_modules
	fi
}

may_make_roots() {
	[ "$(id -u)" -eq 0 ] || { say "--in has to be run as root: debootstrap needs that." >&2; return 1; }
	need_packages "to make a root with $1" debootstrap
}

# test_in SUITE OPTION...: the same in a root. Once it has its packages, it needs no network, and
# has one of its own, so that nothing it starts meets what runs outside.
test_in() {
	if ! may_make_roots "$1" || ! root_use "$1" || ! root_make; then
		count 0 1 0
		totals
	fi
	shift
	root_copy_sources
	give_to_root
	ln -sfn "$root$source_in_root/build/log" "$logs/$suite"
	say "Testing with $suite; what each step writes is in build/log/$suite/"
	status=0
	root_run online deploy/test.sh --prepare || status=$?
	[ "$status" -ne 0 ] || root_run offline deploy/test.sh "$@" || status=$?
	exit "$status"
}

quick=
second=
part=
suite=
prepare=
while [ $# -gt 0 ]; do
	case $#:$1 in
	*:--quick) quick=yes ;;
	*:--second) second=yes ;;
	*:--prepare) prepare=yes ;;
	1:--in | 1:--part) usage >&2; exit 2 ;;
	*:--in) suite=$2; shift ;;
	*:--part) part=$2; shift ;;
	*:-h | *:--help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
case $suite in
*[!a-z]*) say "--in \"$suite\": expected the name of a release, such as trixie" >&2; exit 2 ;;
esac
export LC_ALL=C.UTF-8
export PATH="$PATH:/usr/sbin:/sbin"
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$logs"
[ -z "$part" ] || run_part "$part"
trap 'stop_parts; root_stop' EXIT
if [ -n "$prepare" ]; then
	prepare
elif [ -n "$suite" ]; then
	test_in "$suite" ${quick:+--quick} ${second:+--second}
else
	test_here
fi
