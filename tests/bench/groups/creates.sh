# Creates beside polls.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# copy_object FROM_DB TO_DB: the object to poll and its job.
copy_object() {
	for name in "response:$id" "job:{litellm:polling:response:$id}"; do
		name=litellm:polling:$name
		redis -n "$1" copy "$name" "$name" db "$2" >/dev/null
	done
}

# What a round has created must not fill the memory, nor the queue.
forget_creates() {
	redis flushdb >/dev/null
	copy_object 1 0
}

# create_load KEY: leaves in $cpu and $redis_cpu what the responders and Redis need for each (us).
create_load() {
	forget_creates
	cpu=$(cpu_of responder)
	redis_cpu=$(cpu_of redis)
	export WRK_METHOD=POST WRK_BODY="$create_body"
	own_key=$key key=$1
	load "$seconds" "$url/v1/responses" -H "Content-Type: application/json"
	key=$own_key
	unset WRK_METHOD WRK_BODY
	cpu=$(calc %.2f "($(cpu_of responder) - $cpu) / ($rate * $seconds)")
	redis_cpu=$(calc %.2f "($(cpu_of redis) - $redis_cpu) / ($rate * $seconds)")
}

# create_round FILE: polls, creates, and creates with a key that has all limits.
create_round() {
	forget_creates
	load "$seconds" "$url/v1/responses/$id"
	polls=$rate
	create_load "$key"
	free=$rate free_cpu=$cpu free_redis_cpu=$redis_cpu
	create_load sk-limited
	calc "%s %s %.4f %.2f %.2f %.2f %.2f %.4f %s %.4f\n" "$free, $polls, $free / $polls, \
		$free_cpu, $free_redis_cpu, $cpu, $redis_cpu, \
		($cpu + $redis_cpu) / ($free_cpu + $free_redis_cpu), $rate, $rate / $free" >>"$1"
}

create_rows() {
	row "creates beside polls of 4 KB, lighttpd" "$(spread_rate 1 "$1")" \
		"$(spread_rate 2 "$1") polls" "$(spread 3 "$1" %.2f)" "$(median 3 "$1")" \
		'>=' 0.5
	row "CPU of the responders per create" "$(median 4 "$1") us" "" ""
	row "CPU of Redis per create" "$(median 5 "$1") us" "" ""
	row "CPU of the responders and Redis per create, all limits" \
		"$(calc %.2f "$(median 6 "$1") + $(median 7 "$1")") us" \
		"$(calc %.2f "$(median 4 "$1") + $(median 5 "$1")") us without" \
		"$(spread 8 "$1" %.2f)" "$(median 8 "$1")" '<=' 1.25
	row "CPU of Redis per create, all limits" "$(median 7 "$1") us" \
		"$(median 5 "$1") us without" ""
	row "creates, all limits" "$(spread_rate 9 "$1")" "$(spread_rate 1 "$1") without" \
		"$(spread 10 "$1" %.2f)"
}

# Creates, which only wait, against polls of 4 KB, and beside those of a key whose limits are too high
# to be reached. No supervisor runs: it would compete for the processors, and what it does is measured
# elsewhere.
measure_creates() {
	create_body='{"model":"m","background":true,"input":"Say something about spools."}'
	api_keys='[{ name: limited, key: sk-limited, models: ["m"], expires: "2099-12-31", weight: 2,
	    rpm: 1000000, tpm: 1000000000, max_parallel: 1000000, max_queue: 1000000,
	    max_budget: 1000000, budget_duration: "30d" }]'
	start_site 1 -d 0 -n 1 -b 64
	api_keys=
	make_object 4096
	stop supervisor
	copy_object 0 1
	file=$(data creates)
	round=0
	while [ "$round" -lt "$rounds" ]; do
		create_round "$file"
		round=$((round + 1))
	done
	create_rows "$file"
	median 5 "$file" >"$out/data/redis-us-per-create"
	stop_site
}
