# How soon respool is itself again when something ends or is away. Sourced by run.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# Of running streams: each is cancelled when the provider has been called.
cancel_rows() {
	cancels=200
	[ -z "$quick" ] || cancels=10
	start_site 1
	stop provider
	file=$(data faults-cancels)
	attend "$build/tests/bench/start_delay" -c \
		"$url/v1/responses" "$key" "$provider_port" "$cancels" >"$file" ||
		die "start_delay failed"
	stop_site
	late=$(calc %.2f "$(percentile 0.99 "$file") / 1000")
	row "cancel sent until the provider's connection is closed, p99" "$late ms" "" \
		"median $(calc %.2f "$(percentile 0.5 "$file") / 1000") ms" "$late" '<' 50
}

# All that a supervisor runs, when it and its worker are killed and another one is there.
takeover_row() {
	streams=50 lease=2 count=30
	[ -z "$quick" ] || { streams=10; lease=1; count=15; }
	more_config="lease_seconds: $lease"
	start_site 1 -d 100 -n "$count" -b 8
	more_config=
	doomed=$(pid_of supervisor)
	create "$streams" 16
	wait_until 20 "the streams" provider_started "$streams"
	start_supervisor 1
	forget "$doomed"
	# shellcheck disable=SC2046 # a list of numbers
	kill -9 $(tree "$doomed")
	killed_at=$(date +%s%N)
	wait_until 30 "the other supervisor" provider_started $((2 * streams))
	took=$(calc %.2f "($(date +%s%N) - $killed_at) / 1e9")
	wait_until 30 "the responses" all_completed "$streams"
	row "kill -9 of a supervisor until its $streams streams run again" "$took s" "" \
		"lease of $lease s" "$took" '<=' $((lease + 2))
	row "whole after that kill" "$(completed)" "$streams" "" "$(completed)" '==' "$streams"
	stop_site
}

# ---- fail-over -----------------------------------------------------------------------------------

# jobs_master: the socket of the server that has the queue.
jobs_master() {
	for socket in "$dir"/redis*.sock; do
		! redis-cli -s "$socket" exists 'litellm:polling:{jobs}:workers' | grep -qx 1 ||
			say "$socket"
	done
}

replicates() {
	redis-cli -s "$dir/redis-replica.sock" info replication |
		grep -q '^master_link_status:up'
}

# replication SOCKET NAME: a number.
replication() {
	redis-cli -s "$1" info replication | tr -d '\r' | sed -n "s/^$2://p"
}

# replica_has OFFSET: what a master acknowledges and loses with its life is nobody's to save.
replica_has() {
	[ "$(replication "$dir/redis-replica.sock" slave_repl_offset)" -ge "$1" ]
}

is_master_now() {
	redis-cli -s "$dir/redis-replica.sock" role | head -n 1 | grep -qx master
}

takes_creates() {
	refusal -d '{"model":"m","background":true,"input":"x"}' "$url/v1/responses"
	[ "$status" = 200 ]
}

# The master of the queue is killed while streams run.
failover_rows() {
	streams=20 count=80
	[ -z "$quick" ] || count=40
	choose_address
	start_site_on start_cluster 1 -d 100 -n "$count" -b 8
	master=$(jobs_master)
	start_node 6384 -replica
	attend timeout 60 redis-cli --cluster add-node "$address:6384" "$address:6381" \
		--cluster-slave --cluster-master-id "$(redis-cli -s "$master" cluster myid)" \
		>"$dir/cluster.log" 2>&1 || die_with_log "there is no replica" "$dir/cluster.log"
	wait_until 20 "the replica" replicates
	wait_until 20 "the Cluster" cluster_is_up
	create "$streams" 16
	wait_until 20 "the replica" replica_has "$(replication "$master" master_repl_offset)"
	doomed=$(redis-cli -s "$master" info server | tr -d '\r' | sed -n 's/^process_id://p')
	forget "$doomed"
	kill -9 "$doomed"
	rm -f "$master"
	wait_until 30 "the fail-over" is_master_now
	known_at=$(date +%s%N)
	wait_until 30 "a create" takes_creates
	took=$(calc %.2f "($(date +%s%N) - $known_at) / 1e9")
	cluster_node=$address:6384
	wait_until 60 "the responses" all_completed "$streams"
	row "create taken again, once there is a new master of the queue" "$took s" "" "" \
		"$took" '<=' 2
	row "whole after that fail-over" "$(completed)" "$streams" "" "$(completed)" '==' "$streams"
	stop_site_at
}

# ---- Redis is away -------------------------------------------------------------------------------

# refusal CURL_OPTION...: leaves in $status and $took (s) how a request is answered.
refusal() {
	# shellcheck disable=SC2046 # two words
	set -- $(curl -sS --noproxy '*' -m 20 -o "$dir/answer" -w '%{http_code} %{time_total}' \
		-H "Authorization: Bearer $key" -H 'Content-Type: application/json' "$@")
	status=$1 took=$2
}

# refused_row STATE: a poll and a create while Redis is so.
refused_row() {
	refusal "$url/v1/responses/$id"
	poll_status=$status poll_took=$took
	refusal -d '{"model":"m","background":true,"input":"x"}' "$url/v1/responses"
	slower=$(calc %.3f "($took > $poll_took ? $took : $poll_took)")
	[ "$status $poll_status" = "503 503" ] || slower="no 503: $status, $poll_status"
	row "503 while Redis $1: create or poll, the slower one" "$slower s" "" "" "$slower" '<' 2
}

away_rows() {
	start_site 1 -d 0 -n 1 -b 64
	make_answer 64
	stop supervisor
	kill -STOP "$(pid_of redis)"
	refused_row "hangs"
	kill -CONT "$(pid_of redis)"
	stop redis
	refused_row "is away"
	stop_site
}

measure_faults() {
	cancel_rows
	takeover_row
	failover_rows
	away_rows
}

# ---- what operators ask for ----------------------------------------------------------------------

# With so many responses stored, what a scrape of /metrics costs Redis.
measure_scrape() {
	count=10000 scrapes=50
	[ -z "$quick" ] || { count=200; scrapes=5; }
	more_config="open_metrics: true"
	start_site 1 -d 0 -n 1 -b 64
	more_config=
	create "$count" 32
	wait_until 60 "the responses" all_ended "$count"
	stop supervisor
	redis config resetstat >/dev/null
	redis_cpu=$(cpu_of redis)
	scraped=0
	while [ "$scraped" -lt "$scrapes" ]; do
		curl -sS --fail --noproxy '*' -m 10 -o "$dir/metrics" "$url/metrics" ||
			die "there are no metrics"
		scraped=$((scraped + 1))
	done
	redis_cpu=$(calc %.3f "($(cpu_of redis) - $redis_cpu) / $scrapes / 1000")
	ended=$(sed -n 's/^respool_responses_ended_total{.*"completed"} //p' "$dir/metrics")
	[ "$ended" -eq "$count" ] || die "the metrics tell of $ended responses, expected $count"
	walks=$(redis info commandstats | grep -c '^cmdstat_\(keys\|scan\):' || true)
	row "CPU of Redis per scrape, $count responses stored" "$redis_cpu ms" "" "" \
		"$redis_cpu" '<=' 5
	row "scans of all keys by a scrape" "$walks" "" "" "$walks" '==' 0
	stop_site
}
