# Redis behind TLS: its own, or a tunnel's.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
