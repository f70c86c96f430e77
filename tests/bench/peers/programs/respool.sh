# respool, as its sample configuration has it.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
