# What a job costs that is the next of one tenant, or of many.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# many_keys COUNT: the list of so many, for the configuration.
many_keys() {
	awk -v count="$1" -v key="$key" 'BEGIN {
		for (i = 0; i < count; i++)
			printf "%s{ name: t%d, key: %s-%d }", i ? ", " : "[", i, key, i
		print "]"
	}'
}

# claim_window FILE: what jobs cost for a while.
claim_window() {
	finished=$(provider_stat finished)
	redis_cpu=$(cpu_of redis)
	cpu=$(cpu_of supervisor)
	claims_began=$(date +%s%N)
	sleep "$window"
	took=$(($(date +%s%N) - claims_began))
	finished=$(($(provider_stat finished) - finished))
	redis_cpu=$(($(cpu_of redis) - redis_cpu))
	cpu=$(($(cpu_of supervisor) - cpu))
	[ "$(standing)" -gt 0 ] || die "all have run while it was measured"
	calc "%.2f %.2f %.2f\n" "$redis_cpu / $finished, $cpu / $finished, \
		$finished / $took * 1e9" >>"$1"
}

# claim_round FILE TENANTS WAITING: a worker that has all it can do, while about so many wait.
claim_round() {
	api_keys=$(many_keys "$2")
	start_site 0 -d 0 -n 1 -b 64
	create "$3" 32 "$key" "$2"
	[ "$(standing)" -eq "$3" ] || die "$(standing) wait, expected $3"
	start_supervisor 1
	wait_until 20 "the worker" provider_finished 100
	claim_window "$1"
	claim_window "$1"
	api_keys=
	stop_site
}

# claim_row FIGURE COLUMN UNIT FORMAT [OPERATOR TARGET]: of many tenants beside one.
claim_row() {
	one=$(median "$2" "$one_file")
	many=$(median "$2" "$many_file")
	ratio=$(calc %.2f "$many / $one")
	row "$1, $tenants tenants, $waiting wait" "$(calc "$4" "$many")$3" \
		"$(calc "$4" "$one")$3 one tenant" "$ratio" "$ratio" "${5:-}" "${6:-}"
}

# What a job costs from its turn to its end, when it is the next of one tenant, and of a thousand.
measure_claim() {
	tenants=1000 waiting=100000 window=3 max_streams=50
	[ -z "$quick" ] || { tenants=20; waiting=4000; window=0.25; }
	one_file=$(data claim-one)
	many_file=$(data claim-many)
	round=0
	while [ "$round" -lt $(((rounds + 2) / 3)) ]; do
		claim_round "$one_file" 1 "$waiting"
		claim_round "$many_file" "$tenants" "$waiting"
		round=$((round + 1))
	done
	claim_row "CPU of Redis per job" 1 " us" %.1f '<=' 1.25
	claim_row "CPU of respoold per job" 2 " us" %.1f
	claim_row "jobs of one worker" 3 "/s" %.0f
	max_streams=
}
