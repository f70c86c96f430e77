# The programs that are measured: how each is installed, configured and started. Sourced by run.sh.
#
# install_X says in $absent why there is none. start_X leaves in $url where responses are created and
# polled, in $passed where requests are passed through, in $programs the names of what runs, in
# $killed those of the program itself, and in $parts what can be measured. restart_X starts it once
# more after all of it was killed.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

bifrost_version=v1.6.4
all_parts="first_text polls streams long passthrough cancel kill"

title_of() {
	case $1 in
	respool) echo respool ;;
	litellm) echo LiteLLM ;;
	bifrost) echo Bifrost ;;
	esac
}

# port_answers URL
port_answers() {
	curl -s --noproxy '*' -m 5 -o /dev/null "$1"
}

# ---- respool -------------------------------------------------------------------------------------

install_respool() {
	absent=
}

configure_respool() {
	cat >"$dir/config.yaml" <<-END
	model_list:
	  - model_name: m
	    litellm_params: { model: openai/m, api_base: "$provider_url", api_key: none }
	general_settings: { master_key: $key }
	litellm_settings:
	  cache: true
	  cache_params: { type: redis, host: 127.0.0.1, port: $redis_port }
	  responses: { background_mode: { polling_via_cache: all, ttl: 3600 } }
	END
}

start_respool() {
	configure_respool
	restart_respool
	start_lighttpd web "$dir/fcgi.sock"
	url=$web_url/v1/responses
	passed=$url
	programs="supervisor responder web"
	killed="supervisor responder"
	parts=$all_parts
}

restart_respool() {
	rm -f "$dir/fcgi.sock"
	start_supervisor 1
	start_relaying
}

about_respool() {
	tell "**respool** $("$build/respoold" -V 2>&1 | sed 's/^[^0-9]*//'), \`respool.fcgi -w 4 -r 1\`," \
		"\`respoold -w 1\`, lighttpd $(version lighttpd) with the file in \`deploy/\`:"
	quote "$dir/config.yaml"
}

# ---- LiteLLM -------------------------------------------------------------------------------------

litellm_python() {
	"$cache/litellm/bin/python" "$@"
}

# What has been installed is there again, unless another version is wanted now.
install_litellm() {
	absent=
	if cmp -s "$peers/requirements.txt" "$cache/litellm/installed.txt"; then
		return
	elif [ -n "$quick" ]; then
		absent="it is not installed, and a quick run installs nothing"
	elif ! command -v "$python" >/dev/null; then
		absent="there is no $python"
	else
		say "installing LiteLLM; this takes some minutes"
		if attend "$python" -m venv --clear "$cache/litellm" >"$dir/pip.log" 2>&1 &&
			attend "$cache/litellm/bin/pip" install -q -r "$peers/requirements.txt" \
				>>"$dir/pip.log" 2>&1; then
			cp "$peers/requirements.txt" "$cache/litellm/installed.txt"
		else
			tail -n 3 "$dir/pip.log" >&2
			absent="pip cannot install $(head -n 1 "$peers/requirements.txt")"
		fi
	fi
}

# "default_off": whoever wants an answer out of the cache has to ask for it. Otherwise a request
# that is passed through twice would not reach the provider the second time.
configure_litellm() {
	cat >"$dir/litellm.yaml" <<-END
	model_list:
	  - model_name: m
	    litellm_params: { model: openai/m, api_base: "$provider_url", api_key: none }
	general_settings: { master_key: $key }
	litellm_settings:
	  request_timeout: 600
	  set_verbose: false
	  json_logs: true
	  cache: true
	  cache_params: { type: redis, host: 127.0.0.1, port: $redis_port, ttl: 3600, mode: default_off }
	  responses: { background_mode: { polling_via_cache: all, ttl: 3600 } }
	END
}

start_litellm() {
	next_port
	litellm_port=$port
	configure_litellm
	restart_litellm
	url=http://127.0.0.1:$litellm_port/v1/responses
	passed=$url
	programs=litellm
	killed=litellm
	parts=$all_parts
}

restart_litellm() {
	start litellm env LITELLM_LOG=ERROR LITELLM_MODE=PRODUCTION \
		LITELLM_LOCAL_MODEL_COST_MAP=True \
		"$cache/litellm/bin/litellm" --config "$dir/litellm.yaml" --host 127.0.0.1 \
		--port "$litellm_port" --telemetry False --num_workers "$litellm_workers" \
		--timeout_worker_healthcheck 60
	wait_until 300 "LiteLLM" port_answers "http://127.0.0.1:$litellm_port/health/liveliness"
}

about_litellm() {
	versions=$(litellm_python -c '
import importlib.metadata, platform
names = "uvicorn", "uvloop", "httptools", "fastapi", "redis", "hiredis"
print(importlib.metadata.version("litellm"), "Python " + platform.python_version(),
      *(name + " " + importlib.metadata.version(name) for name in names), sep=", ")')
	tell "**LiteLLM** $versions, \`litellm --telemetry False --num_workers $litellm_workers" \
		"--timeout_worker_healthcheck 60\` with \`LITELLM_LOG=ERROR" \
		"LITELLM_MODE=PRODUCTION LITELLM_LOCAL_MODEL_COST_MAP=True\`:"
	quote "$dir/litellm.yaml"
}

# ---- Bifrost -------------------------------------------------------------------------------------

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
