# respool: its configuration, its programs, all of it as one site.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

key=sk-bench

# $api is what the provider is spoken to in, $cache_params where Redis is if not at its socket, and
# $more_config is lines of the section respool.
write_config() {
	cat >"$dir/config.yaml" <<-END
	model_list:
	  - model_name: m
	    litellm_params:
	      { model: openai/m, api_base: "$provider_url", api_key: none, api: ${api:-responses} }
	general_settings: { master_key: $key }
	litellm_settings:
	  cache: true
	  cache_params: { type: redis, ${cache_params:-socket_path: "$dir/redis.sock"} }
	  responses: { background_mode: { polling_via_cache: all, ttl: 3600 } }
	respool:
	  max_queue: 1000000
	  max_streams: ${max_streams:-5000}
	  drain_seconds: 0
	  ${max_passthrough:+max_passthrough: $max_passthrough}
	  ${keepalive:+keepalive_seconds: $keepalive}
	  ${api_keys:+api_keys: $api_keys}
	  ${key_defaults:+api_key_defaults: $key_defaults}
	  ${more_config:-}
	END
}

worker_is_up() {
	[ "$(redis zcard 'litellm:polling:{jobs}:workers')" -ge "$1" ]
}

# start_supervisor [WORKERS]: of the build directory $tested, or of this one.
start_supervisor() {
	workers=$(redis zcard 'litellm:polling:{jobs}:workers')
	start supervisor "${tested:-$build}/respoold" -c "$dir/config.yaml" -w "${1:-1}"
	wait_until 60 "the supervisor" worker_is_up $((workers + ${1:-1}))
}

# start_fcgi NAME BUILD SOCKET OPTION...: the respool.fcgi of a build directory.
start_fcgi() {
	fcgi=$1
	program=$2/respool.fcgi
	socket=$3
	shift 3
	start "$fcgi" "$program" -c "$dir/config.yaml" -s "unix:$socket" "$@"
	wait_until 60 "$fcgi" is_socket "$socket"
	chmod 777 "$socket"
}

# start_responder CHILDREN [OPTION...]: likewise.
start_responder() {
	children=$1
	shift
	start_fcgi responder "${tested:-$build}" "$dir/fcgi.sock" -w "$children" "$@"
}

# start_relaying: four responders and a relay.
start_relaying() {
	start_responder 4 -r 1
}

# start_site WORKERS PROVIDER_OPTION...: all of it, with lighttpd in front; $url leads there.
start_site() {
	start_site_on start_redis "$@"
}

# start_site_on COMMAND WORKERS PROVIDER_OPTION...: likewise; the command starts what Redis there is.
start_site_on() {
	"$1"
	site_workers=$2
	shift 2
	start_provider "$@"
	write_config
	[ "$site_workers" -eq 0 ] || start_supervisor "$site_workers"
	start_responder 4
	start_lighttpd web "$dir/fcgi.sock"
	url=$web_url
}

stop_site() {
	stop_all
	rm -f "$dir"/*.sock
}
