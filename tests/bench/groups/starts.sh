# From the answer to a create until the provider is called.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

measure_starts() {
	count=${BENCH_STARTS:-1000}
	[ -z "$quick" ] || count=50
	start_site 1
	stop provider
	file=$(data starts)
	attend "$build/tests/bench/start_delay" \
		"$url/v1/responses" "$key" "$provider_port" "$count" >"$file" ||
		die "start_delay failed"
	half=$(calc %.2f "$(median 1 "$file") / 1000")
	late=$(calc %.3f "$(percentile 0.99 "$file") / 1000")
	row "create answered until provider called, median" "$half ms" "" "" "$half" '<' 2
	row "create answered until provider called, 99th percentile" "$late ms" "" "" "$late" '<' 10
	stop_site
}
