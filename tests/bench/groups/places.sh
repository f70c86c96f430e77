# Redis behind TLS and as a Cluster, beside one that is reached over plain TCP.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

start_plain() {
	start_redis_at "$dir/redis.sock" --bind "$address" --port 6379
	cache_params="host: \"$address\", port: 6379"
}

stop_site_at() {
	stop_site
	cache_params='' cluster_node=''
}

# client_cpu PROGRAM: with what speaks TLS for it.
client_cpu() {
	say $(($(cpu_of "$1") + $(cpu_of tunnel)))
}

# load_at SECONDS URL [WRK_OPTION...]: leaves in $cpu and $redis_cpu what a request costs (us).
load_at() {
	load_seconds=$1
	cpu=$(client_cpu responder)
	redis_cpu=$(cpu_of redis)
	load "$@"
	cpu=$(calc %.2f "($(client_cpu responder) - $cpu) / ($rate * $load_seconds)")
	redis_cpu=$(calc %.2f "($(cpu_of redis) - $redis_cpu) / ($rate * $load_seconds)")
}

streams_at() {
	tunnel=$(cpu_of tunnel)
	run_streams "$streams" "$count" 8 50
	cpu=$(calc %.2f "($cpu + $(cpu_of tunnel) - $tunnel) / $deltas")
	redis_cpu=$(calc %.2f "$redis_cpu / $deltas")
}

# place_round PLACE: a line has what a delta, a poll and a create cost the client of Redis and Redis.
place_round() {
	start_site_on "start_$1" 1 -d 50 -n "$count" -b 8
	streams_at
	line="$cpu $redis_cpu"
	make_answer 3000
	stop supervisor
	load_at 1 "$url/v1/responses/$id"
	line="$line $cpu $redis_cpu"
	export WRK_METHOD=POST WRK_BODY="$create_body"
	load_at 1 "$url/v1/responses" -H "Content-Type: application/json"
	unset WRK_METHOD WRK_BODY
	say "$line $cpu $redis_cpu" >>"$out/data/redis-$1"
	stop_site_at
}

# place_row FIGURE COLUMN
place_row() {
	paste -d ' ' "$out/data/redis-$place" "$out/data/redis-plain" |
		awk -v c="$2" '{ print $c, $(c + 6), $c / $(c + 6) }' >"$dir/pairs"
	row "$1, $place_name" "$(calc %.1f "$(median 1 "$dir/pairs")") us" \
		"$(calc %.1f "$(median 2 "$dir/pairs")") us plain" "$(spread 3 "$dir/pairs" %.2f)"
}

# place_rows PLACE NAME [OTHER]: OTHER is what works for the client, too.
place_rows() {
	place=$1 place_name=$2
	place_row "CPU of respoold${3:-} per delta" 1
	place_row "CPU of Redis per delta" 2
	place_row "CPU of the responders${3:-} per poll" 3
	place_row "CPU of Redis per poll" 4
	place_row "CPU of the responders${3:-} per create" 5
	place_row "CPU of Redis per create" 6
}

measure_redis() {
	create_body='{"model":"m","background":true,"input":"Say something about spools."}'
	streams=${BENCH_STREAMS:-100} count=60
	[ -z "$quick" ] || { streams=10; count=5; }
	choose_address
	for place in plain tls cluster; do
		data "redis-$place" >/dev/null
	done
	round=0
	while [ "$round" -lt $(((rounds + 1) / 2)) ]; do
		for place in plain tls cluster; do
			place_round "$place"
		done
		round=$((round + 1))
	done
	tunnel_name=
	[ "$tls_name" = TLS ] || tunnel_name=" and stunnel"
	place_rows tls "$tls_name" "$tunnel_name"
	place_rows cluster "a Cluster of three masters"
}
