# The LiteLLM proxy, with polling via cache.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
