# Tenants that share the workers: how long one waits beside another that has asked for much, and
# what a turn costs. Sourced by run.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# keep_standing COUNT: the greedy tenant creates what is missing.
keep_standing() {
	missing=$(($1 - $(standing)))
	[ "$missing" -le 0 ] || create "$missing" 16 sk-greedy
}

# ask_now_and_then FILE COUNT STANDING: the modest tenant creates a response each $pause_ms, the
# greedy one what it takes that so many of its own wait. Leaves the ids of the modest one's in the file.
ask_now_and_then() {
	asked=0
	next=$(date +%s%N)
	while [ "$asked" -lt "$2" ]; do
		keep_standing "$3"
		next=$((next + pause_ms * 1000000))
		left=$(((next - $(date +%s%N)) / 1000000))
		[ "$left" -le 0 ] || sleep "$(calc %.3f "$left / 1000")"
		[ "$(standing)" -ge $(($3 / 2)) ] || die "too few wait to share with: $(standing) of $3"
		create 1 1 sk-modest
		grep -v '^#' "$dir/ids" >>"$1"
		asked=$((asked + 1))
	done
}

# waits_of FILE: how long each of these responses has waited until it was claimed (ms), in order.
waits_of() {
	sed 's/.*/HGET "litellm:polling:job:{litellm:polling:response:&}" waited/' "$1" | redis |
		sort -n
}

all_claimed() {
	[ "$(waits_of "$1" | grep -c .)" -eq "$(wc -l <"$1")" ]
}

# waits NAME COUNT STANDING: leaves in $half and $late the median and the 99th percentile.
waits() {
	ids=$(data "$1-ids")
	ask_now_and_then "$ids" "$2" "$3"
	wait_until 30 "the modest tenant's responses" all_claimed "$ids"
	file=$(data "$1")
	waits_of "$ids" >"$file"
	half=$(percentile 0.5 "$file")
	late=$(percentile 0.99 "$file")
}

# A tenant with 10,000 responses that wait, and one with a response a second, on two workers.
measure_shares() {
	count=${BENCH_JOBS:-70} greedy=10000
	[ -z "$quick" ] || { count=5; greedy=200; }
	max_streams=50
	api_keys="[{ name: greedy, key: sk-greedy }, { name: modest, key: sk-modest }]"
	start_site 2 -d 250 -n 4
	create 10 1 sk-modest # warm up
	pause_ms=300
	waits shares-alone "$count" 0
	alone_half=$half alone_late=$late
	[ -n "$quick" ] || pause_ms=1000
	waits shares-beside "$count" "$greedy"
	name="modest tenant's response until claimed, beside $greedy of another"
	row "$name, median" "$half ms" "$alone_half ms alone" ""
	ratio=$(calc %.2f "($late) / ($alone_late > 0 ? $alone_late : 1)")
	row "$name, 99th percentile" "$late ms" "$alone_late ms alone" "$ratio" "$ratio" '<' 3
	max_streams='' api_keys=''
	stop_site
}

# ---- what a turn costs ---------------------------------------------------------------------------

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
