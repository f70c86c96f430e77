# The master of the queue ends, and a replica takes its place.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
