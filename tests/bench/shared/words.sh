# What is said, and how a measurement ends that cannot go on.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

say() {
	printf '%s\n' "$*"
}

die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

# die_with_log WHAT LOG: shows the end of a file that says why.
die_with_log() {
	tail -n 15 "$2" | sed 's/^/    /' >&2
	die "$1; the end of ${2##*/} is above"
}
