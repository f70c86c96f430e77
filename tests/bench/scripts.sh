#!/bin/sh
# What each script of respool costs Redis: commands, those that the script calls included, and
# instructions, counted by valgrind. Nothing is timed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

usage() {
	cat <<-'END'
	usage: tests/bench/scripts.sh [NAME=BUILD...]
	Prints a table in Markdown with a column for each build directory, of the programs in it, and
	another one with the commands by name, of the last build. Without an argument it is "now=.".

	  BENCH_OUT      where scripts.md is written (default: ./bench), for "make bench-doc"
	  SCRIPTS_STEPS  how often each thing is done; the least counts (default 7)
	END
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
esac
[ $# -gt 0 ] || set -- "now=$PWD"
for build; do
	case $build in
	?*=?*) ;;
	*) usage >&2; exit 2 ;;
	esac
	[ -x "${build#*=}/respoold" ] ||
		{ echo "scripts.sh: there is no respoold in ${build#*=}" >&2; exit 2; }
done
for program in redis-server valgrind vgdb; do
	command -v "$program" >/dev/null || { echo "scripts.sh: no $program here" >&2; exit 2; }
done
export PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH="$here/../integration${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python3}" "$here/scripts.py" "${BENCH_OUT:-$PWD/bench}/scripts.md" "$@"
