# Redis as a Cluster of three masters.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

start_node() {
	start_redis_at "$dir/redis$2.sock" --bind "$address" --port "$1" --cluster-enabled yes \
		--cluster-announce-ip "$address" --cluster-node-timeout 1000 \
		--cluster-replica-validity-factor 0 --cluster-config-file "nodes-$1.conf"
}

cluster_is_up() {
	for socket in "$dir"/redis*.sock; do
		redis-cli -s "$socket" cluster info | grep -q '^cluster_state:ok' || return 1
	done
}

start_cluster() {
	rm -f "$dir"/nodes-*.conf
	start_node 6381 ""
	start_node 6382 -second
	start_node 6383 -third
	attend timeout 60 redis-cli --cluster create "$address:6381" "$address:6382" \
		"$address:6383" --cluster-yes >"$dir/cluster.log" 2>&1 ||
		die_with_log "there is no Cluster" "$dir/cluster.log"
	cluster_node=$address:6381
	wait_until 20 "the Cluster" cluster_is_up
	cache_params="redis_startup_nodes: [{ host: \"$address\", port: 6381 }]"
}
