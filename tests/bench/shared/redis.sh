# Redis, alone or several of them.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# $cluster_node is one of a Cluster, if that is what there is.
redis() {
	if [ -n "${cluster_node:-}" ]; then
		redis-cli -c -h "${cluster_node%:*}" -p "${cluster_node#*:}" "$@"
	else
		redis-cli -s "$dir/redis.sock" "$@"
	fi
}

# redis_stat NAME: a number out of INFO; of several servers, the sum.
redis_stat() {
	for socket in "$dir"/redis*.sock; do
		redis-cli -s "$socket" info stats
	done | tr -d '\r' | sed -n "s/^$1://p" | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

redis_input() {
	redis_stat total_net_input_bytes
}

# An address that most likely nobody else uses, as its ports are those that everybody does.
choose_address() {
	address=127.$((10 + $$ / 62500 % 200)).$((1 + $$ / 250 % 250)).$((1 + $$ % 250))
}

# standing: how many wait, in all tenants' lines.
standing() {
	stand=$(redis hget 'litellm:polling:{jobs}:shares' waiting)
	say "${stand:-0}"
}

# start_redis_at SOCKET [OPTION...]: one server; there may be several.
start_redis_at() {
	redis_socket=$1
	shift
	start redis redis-server --port 0 --unixsocket "$redis_socket" --unixsocketperm 777 \
		--save '' --appendonly no --dir "$dir" "$@"
	wait_until 60 "Redis" is_socket "$redis_socket"
}

start_redis() {
	start_redis_at "$dir/redis.sock"
}
