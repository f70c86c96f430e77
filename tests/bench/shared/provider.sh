# The stand-in provider.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

provider_decided() {
	! is_running "$(pid_of provider)" || grep -qs '^listening on ' "$dir/provider.log"
}

# start_provider OPTION...: on $provider_port, the same one each time. $provider_url leads there.
start_provider() {
	while :; do
		[ -n "${provider_port:-}" ] || { next_port; provider_port=$port; }
		provider_url=http://127.0.0.1:$provider_port/v1
		start provider "$build/tests/provider" -q -p "$provider_port" "$@"
		tries=200
		until provider_decided || [ "$tries" -eq 0 ]; do
			sleep 0.02
			tries=$((tries - 1))
		done
		! is_running "$(pid_of provider)" || break
		grep -q 'Address already in use' "$dir/provider.log" ||
			die_with_log "the provider does not start" "$dir/provider.log"
		started=${started#* }
		provider_port=
	done
}

# provider_stat NAME: a number out of /stats.
provider_stat() {
	curl -sS --noproxy '*' -m 20 "${provider_url%/v1}/stats" |
		sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

provider_finished() {
	[ "$(provider_stat finished)" -ge "$1" ]
}
