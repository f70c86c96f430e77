# Bifrost, with asynchronous jobs.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

bifrost_version=v1.6.4

# $BENCH_BIFROST is one that is there already.
install_bifrost() {
	absent=
	bifrost=${BENCH_BIFROST:-$cache/bin/bifrost-http}
	if [ -x "$bifrost" ]; then
		return
	elif [ -n "$quick" ]; then
		absent="it is not installed, and a quick run installs nothing"
	elif ! command -v go >/dev/null; then
		absent="there is no go, and BENCH_BIFROST names no bifrost-http"
	elif ! GOBIN="$cache/bin" attend go install \
		"github.com/maximhq/bifrost/transports/bifrost-http@$bifrost_version" \
		>"$dir/go.log" 2>&1; then
		tail -n 3 "$dir/go.log" >&2
		absent="go cannot install bifrost-http $bifrost_version, and BENCH_BIFROST names none"
	fi
}

# Its asynchronous jobs need a store of logs. They ask the provider for whole answers, which this
# one gives at once, and have no text before: nothing of theirs runs.
configure_bifrost() {
	mkdir -p "$dir/bifrost"
	cat >"$dir/bifrost/config.json" <<-END
	{
	  "client": { "enable_logging": true, "disable_content_logging": true,
	    "initial_pool_size": 1000, "drop_excess_requests": false, "async_job_result_ttl": 3600 },
	  "providers": { "openai": {
	    "keys": [ { "name": "k", "value": "none", "models": [ "*" ], "weight": 1 } ],
	    "network_config": { "base_url": "${provider_url%/v1}" },
	    "concurrency_and_buffer_size": { "concurrency": 1000, "buffer_size": 5000 } } },
	  "config_store": { "enabled": false },
	  "logs_store": { "enabled": true, "type": "sqlite", "config": { "path": "logs.db" } }
	}
	END
}

start_bifrost() {
	next_port
	bifrost_port=$port
	configure_bifrost
	restart_bifrost
	url=http://127.0.0.1:$bifrost_port/v1/async/responses
	passed=http://127.0.0.1:$bifrost_port/openai/v1/responses
	programs=bifrost
	killed=bifrost
	parts="polls passthrough"
}

restart_bifrost() {
	start bifrost sh -c 'cd "$1" && exec "$2" -app-dir "$1" -host 127.0.0.1 -port "$3" \
		-log-level error' sh "$dir/bifrost" "$bifrost" "$bifrost_port"
	wait_until 60 "Bifrost" port_answers "http://127.0.0.1:$bifrost_port/health"
}

about_bifrost() {
	tell "**Bifrost** ${BENCH_BIFROST:+of another version than }$bifrost_version," \
		"\`bifrost-http -log-level error\`:"
	quote "$dir/bifrost/config.json"
}
