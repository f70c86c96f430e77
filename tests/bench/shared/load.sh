# Requests as fast as they are answered.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# load SECONDS URL [WRK_OPTION...]: 32 connections. Leaves answers per second in $rate, bytes per
# answer in $answer_bytes.
load() {
	load_url=$2
	duration=$1
	shift 2
	attend wrk -t 1 -c 32 --timeout 30 -d "$duration" -s "$here/wrk.lua" \
		-H "Authorization: Bearer $key" "$@" "$load_url" >"$dir/wrk.log" 2>&1 ||
		die_with_log "wrk failed" "$dir/wrk.log"
	# shellcheck disable=SC2046 # three numbers
	set -- $(sed -n 's/^bench: //p' "$dir/wrk.log")
	[ $# -eq 3 ] || die_with_log "wrk says nothing" "$dir/wrk.log"
	[ "$2" -eq 0 ] || die_with_log "$2 requests to $load_url failed" "$dir/wrk.log"
	rate=$1
	answer_bytes=$3
}
