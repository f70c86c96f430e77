#!/bin/sh
# Installs what the benchmark needs, builds respool with optimisation and runs "make bench".
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh

bench_packages="wrk gnuplot-nox|gnuplot-qt|gnuplot-x11 redis-server redis-tools lighttpd nginx
	apache2-bin libapache2-mod-fcgid curl util-linux openssl stunnel4"

usage() {
	cat <<-'END'
	usage: deploy/bench.sh [--quick]
	  --quick  a short run that shows that everything works; its figures mean nothing
	The build is in build/bench, and build/bench/bench/results.md has the table. The exit status
	is 0 if every target was met. tests/bench/run.sh -h tells what can be chosen.
	END
}

case $#:${1:-} in
0:) ;;
1:--quick) export BENCH_QUICK=1 ;;
1:-h | 1:--help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
export PATH="$PATH:/usr/sbin:/sbin"
# shellcheck disable=SC2086 # lists of words
need_packages "to build and measure respool" $build_packages $bench_packages
if [ ! -e configure ] || [ ! -e Makefile.in ]; then
	./autogen.sh
fi
mkdir -p build/bench
cd build/bench
[ -e Makefile ] || ../../configure
make -j"$(nproc)" all
make bench
