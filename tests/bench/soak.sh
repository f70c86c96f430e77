#!/bin/sh
# All of respool under a steady load of all kinds while something breaks each few seconds: every
# answer is checked, and memory and descriptors have to stay flat.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

usage() {
	cat <<-'END'
	usage: tests/bench/soak.sh [minutes]
	  minutes  how long things break, 10 unless said
	  BENCH_BUILD  the build directory (default: the current directory)
	  BENCH_OUT    where soak.md is written (default: $BENCH_BUILD/bench)
	  SOAK_SEED    what goes wrong, and when: a number that an earlier run has printed
	  SOAK_RATE    how many responses are begun in a second, 3 unless said
	The exit status is 0 if nothing was lost or wrong and all is flat. If not, what is wrong is
	printed, and the directory with all logs is kept.
	END
}

case $#:${1:-} in
0:) set -- 10 ;;
1:-h | 1:--help) usage; exit 0 ;;
1:*[!0-9]* | 1: | 1:0) usage >&2; exit 2 ;;
1:*) ;;
*) usage >&2; exit 2 ;;
esac
build=${BENCH_BUILD:-$PWD}
[ -x "$build/respoold" ] || { echo "soak.sh: there is no respoold in $build" >&2; exit 2; }
# Else glibc keeps more of what is free with each large piece that is freed (mallopt(3)), and memory
# grows by steps although nothing is lost.
export MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072
export RESPOOL_BUILD="$build" PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH="$here/../integration${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python3}" "$here/soak.py" "$1" "${BENCH_OUT:-$build/bench}/soak.md"
