# Redis behind TLS and as a Cluster, beside one that is reached over plain TCP. Sourced by run.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# An address that most likely nobody else uses, as its ports are those that everybody does.
choose_address() {
	address=127.$((10 + $$ / 62500 % 200)).$((1 + $$ / 250 % 250)).$((1 + $$ % 250))
}

start_plain() {
	start_redis_at "$dir/redis.sock" --bind "$address" --port 6379
	cache_params="host: \"$address\", port: 6379"
}

# ---- TLS -----------------------------------------------------------------------------------------

make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=redis.bench -addext "subjectAltName=IP:$address,DNS:redis.bench" \
		-keyout "$dir/redis.key" -out "$dir/redis.pem" >"$dir/openssl.log" 2>&1 ||
		die_with_log "openssl fails" "$dir/openssl.log"
}

# speaks_tls: whether this build does; hiredis 0.14 cannot.
speaks_tls() {
	cache_params="host: \"$address\", port: 6380, ssl: true, ssl_ca_certs: \"$dir/redis.pem\""
	write_config
	"$build/respoold" -t -c "$dir/config.yaml" >"$dir/tls.log" 2>&1
}

tunnel_answers() {
	redis-cli -h "$address" -p 6390 ping >/dev/null 2>&1
}

# The file in deploy/, with names of ours in it.
start_tunnel() {
	command -v stunnel >/dev/null || die "neither hiredis speaks TLS nor is stunnel installed"
	sed -e "s|^accept = .*|accept = $address:6390|" -e "s|^connect = .*|connect = $address:6380|" \
		-e "s|^CAfile = .*|CAfile = $dir/redis.pem|" -e "s|^checkHost = .*|checkHost = redis.bench|" \
		-e '/^setuid = /d' -e '/^setgid = /d' -e 's|^syslog = .*|syslog = no|' \
		"$top/deploy/stunnel-redis.conf" >"$dir/stunnel.conf"
	start tunnel stunnel "$dir/stunnel.conf"
	wait_until 10 "the tunnel" tunnel_answers
	cache_params="host: \"$address\", port: 6390"
}

start_tls() {
	make_certificate
	start_redis_at "$dir/redis.sock" --bind "$address" --tls-port 6380 \
		--tls-cert-file "$dir/redis.pem" --tls-key-file "$dir/redis.key" \
		--tls-ca-cert-file "$dir/redis.pem" --tls-auth-clients no
	tls_name="TLS"
	speaks_tls || { tls_name="TLS by stunnel"; start_tunnel; }
}

# ---- a Cluster -----------------------------------------------------------------------------------

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

# ---- what it costs -------------------------------------------------------------------------------

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
