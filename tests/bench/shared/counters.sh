# CPU time and memory of processes.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# tree PID: the process and all its descendants.
tree() {
	echo "$1"
	# shellcheck disable=SC2013 # words, not lines
	for child in $(cat "/proc/$1/task"/*/children 2>/dev/null); do
		tree "$child"
	done
}

# tree_of NAME: the processes of the programs that were started under that name.
tree_of() {
	for program in $started; do
		[ "${program%%:*}" != "$1" ] || tree "${program#*:}"
	done
}

# cpu_us PID...: CPU time in microseconds. The scheduler counts it exactly; where its counters are
# not to be had, in ticks.
cpu_us() {
	for pid; do
		if [ -r "/proc/$pid/schedstat" ]; then
			cat "/proc/$pid/task"/*/schedstat
		else
			sed 's/.*) //' "/proc/$pid/stat" | awk -v hz="$(getconf CLK_TCK)" \
				'{ printf "%.0f\n", ($12 + $13) / hz * 1e9 }'
		fi 2>/dev/null
	done | awk '{ sum += $1 } END { printf "%.0f\n", sum / 1000 }'
}

# cpu_of NAME: of all processes of the programs of that name.
cpu_of() {
	# shellcheck disable=SC2046 # a list of numbers
	cpu_us $(tree_of "$1")
}

# titled NAME TITLE: the processes of respool.fcgi, started under that name, that have this title.
titled() {
	for pid in $(tree_of "$1"); do
		case $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") in
		"respool.fcgi: $2"*) echo "$pid" ;;
		esac
	done
}

# pss_kb PID...: memory, of which each process counts its share of what several have in common.
pss_kb() {
	for pid; do
		sed -n 's/^Pss:[^0-9]*//p' "/proc/$pid/smaps_rollup" 2>/dev/null || true
	done | awk '{ sum += $1 } END { print sum + 0 }'
}

# pss_of NAME: of all processes of the programs of that name.
pss_of() {
	# shellcheck disable=SC2046 # a list of numbers
	pss_kb $(tree_of "$1")
}

# peak_kb PID: the most memory that a process has had resident.
peak_kb() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}

resident_kb() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}
