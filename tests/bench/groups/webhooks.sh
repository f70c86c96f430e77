# Webhooks: what it costs that somebody is told of an end, and how soon that is.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# Of three responses, which cost the same until they end, nobody is told of the first, as no endpoint
# is configured; nor of the second, as none wants its tenant's.
kinds="unconfigured untold told"
hook_secret=whsec_$(printf 'a key for benchmarks, of 32 bytes' | base64)

start_receiver() {
	start receiver "$build/tests/bench/receiver"
	wait_until 10 "the receiver" test -s "$dir/receiver.log"
	receiver_url=http://127.0.0.1:$(head -n 1 "$dir/receiver.log")
}

# endpoint PATH: of the tenant that is told.
endpoint() {
	say "{ name: ${1#/}, url: \"$receiver_url$1\", secret: $hook_secret, tenants: [told] }"
}

# arrivals: what the receiver has got so far, but for its port.
arrivals() {
	tail -n +2 "$dir/receiver.log"
}

arrived() {
	[ "$(arrivals | wc -l)" -ge "$1" ]
}

nothing_to_be_told() {
	[ "$(redis hlen 'litellm:polling:{jobs}:webhooks:about')" -eq 0 ]
}

# start_telling ENDPOINT...: a worker that knows these.
start_telling() {
	more_config=
	for hook; do
		more_config=$(printf '%s\n    - %s' "${more_config:-webhooks:}" "$hook")
	done
	write_config
	start_supervisor 1
	more_config=
}

operate() {
	"$build/respoolctl" -c "$dir/config.yaml" "$@" >"$dir/respoolctl.log" 2>&1 ||
		die_with_log "respoolctl $1 failed" "$dir/respoolctl.log"
}

# jobs_of KIND: all wait before the first may run, and all is over when the last one has been told.
# Leaves in $cpu and $redis_cpu what each costs from its turn on (us), in $rate how many there are in
# a second.
jobs_of() {
	redis flushall >/dev/null
	case $1 in
	unconfigured) start_telling; create_key=sk-told ;;
	untold) start_telling "$(endpoint /hook)"; create_key=sk-untold ;;
	told) start_telling "$(endpoint /hook)"; create_key=sk-told ;;
	esac
	told=$(arrivals | wc -l)
	[ "$1" != told ] || told=$((told + count))
	operate pause
	create "$count" 32 "$create_key"
	cpu=$(cpu_of supervisor)
	redis_cpu=$(cpu_of redis)
	jobs_began=$(date +%s%N)
	operate resume
	wait_until 60 "the ends" all_ended "$count"
	wait_until 60 "the webhooks" arrived "$told"
	took=$(($(date +%s%N) - jobs_began))
	wait_until 60 "what is told" nothing_to_be_told
	cpu=$(calc %.2f "($(cpu_of supervisor) - $cpu) / $count")
	redis_cpu=$(calc %.2f "($(cpu_of redis) - $redis_cpu) / $count")
	rate=$(calc %.1f "$count / $took * 1e9")
	[ "$(arrivals | wc -l)" -eq "$told" ] || die "$1: more was told than there was"
	stop supervisor
}

# jobs_round FILE: a line has CPU times and rate of each kind, and the ratios of the CPU times.
jobs_round() {
	line=
	for kind in $kinds; do
		jobs_of "$kind"
		line="$line $cpu $redis_cpu $rate"
	done
	echo "$line" | awk '{ print $0, $4 / $1, $5 / $2, $7 / $1, $8 / $2 }' >>"$1"
}

# kind_row FIGURE COLUMN RATIO [OPERATOR TARGET]: of what stands in the column, beside unconfigured.
kind_row() {
	row "$1" "$(calc %.1f "$(median "$2" "$file")") us" \
		"$(calc %.1f "$(median $((($2 - 1) % 3 + 1)) "$file")") us without webhooks" \
		"$(spread "$3" "$file" %.2f)" "$(median "$3" "$file")" "${4:-}" "${5:-}"
}

jobs_rows() {
	kind_row "CPU of respoold per job, one POST each" 7 12
	kind_row "CPU of Redis per job, one POST each" 8 13
	kind_row "CPU of respoold per job of a tenant of whom none is told" 4 10 '<=' 1.25
	kind_row "CPU of Redis per job of a tenant of whom none is told" 5 11 '<=' 1.25
	row "jobs ended and told, one worker" "$(spread_rate 9 "$file")" \
		"$(spread_rate 3 "$file") without webhooks" \
		"$(calc %.2f "$(median 9 "$file") / $(median 3 "$file")")"
}

measure_webhooks() {
	count=3000 tens=50
	[ -z "$quick" ] || { count=100; tens=5; }
	api_keys='[{ name: told, key: sk-told }, { name: untold, key: sk-untold }]'
	start_site 0 -d 0 -n 1 -b 64
	start_receiver
	file=$(data webhooks-jobs)
	round=0
	while [ "$round" -lt $(((rounds + 1) / 2)) ]; do
		jobs_round "$file"
		round=$((round + 1))
	done
	jobs_rows
	tell_in_time "100 a second" "$(endpoint /hook)"
	tell_in_time "beside an endpoint that hangs" "$(endpoint /hook)" "$(endpoint /hang)"
	api_keys=
	stop_site
}
