# One worker, two, and two supervisors.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# scale_round FILE SUPERVISORS WORKERS: the provider sends as fast as it is read.
scale_round() {
	start_site 0 -d 0 -n "$count" -b 32
	supervisors=$2
	while [ "$supervisors" -gt 0 ]; do
		start_supervisor "$3"
		supervisors=$((supervisors - 1))
	done
	cpu=$(cpu_of supervisor)
	create "$streams" 16
	wait_until 120 "the streams" all_completed "$streams"
	ended=$(calc %.0f "$(cut -d ' ' -f 1 /proc/uptime) * 1e6")
	cpu=$(($(cpu_of supervisor) - cpu))
	calc "%.0f %.3f\n" "$streams * $count / (($ended - $(create_began)) / 1e6), \
		$cpu / $streams / $count" >>"$1"
	stop_site
}

# Deltas per second that one worker, two, and two supervisors get through.
measure_scaling() {
	streams=200 count=4000
	[ -z "$quick" ] || { streams=20; count=200; }
	one=$(data scaling-1x1) two=$(data scaling-1x2) apart=$(data scaling-2x1)
	round=0
	while [ "$round" -lt $(((rounds + 1) / 2)) ]; do
		scale_round "$one" 1 1
		scale_round "$two" 1 2
		scale_round "$apart" 2 1
		round=$((round + 1))
	done
	base=$(median 1 "$one")
	scale_row "one worker" "$one"
	scale_row "two workers" "$two"
	scale_row "two supervisors of one worker each" "$apart"
}

# scale_row NAME FILE
scale_row() {
	row "deltas read and stored, $1" "$(spread_rate 1 "$2")" \
		"$(calc %.1f "$(median 2 "$2")") us each" \
		"$(calc %.2f "$(median 1 "$2") / $base") of one"
}
