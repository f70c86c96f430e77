# What the measurements share: programs that are started and stopped, what they need, results.
# Sourced by run.sh and others, which set $here, $top, $build, $out, $dir, $rounds and $quick.
# shellcheck shell=sh
# shellcheck disable=SC1090,SC2154

for part in "$here"/shared/*.sh; do
	. "$part"
done
