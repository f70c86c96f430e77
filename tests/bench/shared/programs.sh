# Programs that are started, awaited and stopped.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

started=
attended=

# start NAME COMMAND...: in the background, its output in NAME.log. It ends if this shell is killed.
# $under is a command to run it under, if there is one.
start() {
	name=$1
	shift
	# shellcheck disable=SC2086 # a list of words
	setpriv --pdeathsig TERM ${under:-} "$@" >"$dir/$name.log" 2>&1 </dev/null &
	started="$name:$! $started"
}

# pid_of NAME: of the program that was started under that name last.
pid_of() {
	for program in $started; do
		if [ "${program%%:*}" = "$1" ]; then
			echo "${program#*:}"
			return
		fi
	done
	die "$1 is not running"
}

# attend COMMAND...: runs it to its end, but a signal to this shell does not wait for it.
attend() {
	"$@" &
	attended=$!
	outcome=0
	wait "$attended" || outcome=$?
	attended=
	return "$outcome"
}

is_running() {
	kill -0 "$1" 2>/dev/null
}

# end_process PID: and what it has started, should it not end that itself.
end_process() {
	is_running "$1" || return 0
	family=$(tree "$1")
	kill "$1" 2>/dev/null || true
	tries=200
	while is_running "$1" && [ "$tries" -gt 0 ]; do
		sleep 0.02
		tries=$((tries - 1))
	done
	for pid in $family; do
		kill -9 "$pid" 2>/dev/null || true
	done
	wait "$1" 2>/dev/null || true
}

# stop NAME: every program of that name.
stop() {
	left=
	for program in $started; do
		if [ "${program%%:*}" = "$1" ]; then
			end_process "${program#*:}"
		else
			left="$left$program "
		fi
	done
	started=$left
}

# forget PID: of what is to end.
forget() {
	left=
	for program in $started; do
		[ "${program#*:}" = "$1" ] || left="$left$program "
	done
	started=$left
}

# Ends what was started, the last one first.
stop_all() {
	[ -z "$attended" ] || end_process "$attended"
	for program in $started; do
		end_process "${program#*:}"
	done
	started=
}

# wait_until SECONDS WHAT COMMAND...: dies if it takes longer, or if a program has ended meanwhile.
wait_until() {
	tries=$(($1 * 20))
	what=$2
	shift 2
	until "$@"; do
		for program in $started; do
			is_running "${program#*:}" ||
				die_with_log "${program%%:*} ended while waiting for $what" \
					"$dir/${program%%:*}.log"
		done
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || die "$what takes too long"
		sleep 0.05
	done
}

is_socket() {
	[ -S "$1" ]
}

# A port that is probably free: the caller tries another one if it is not. Runs side by side, whose
# process ids are close to each other, do not try the same ones.
next_port() {
	port=$((${port:-10000 + $$ % 220 * 100} + 1))
}
