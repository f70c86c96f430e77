# How soon somebody is told of an end.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# delays FILE: how long after its end each has been told (ms). The index says when it may forget a
# response: ttl after its end.
delays() {
	arrivals >"$dir/arrivals"
	redis zrange 'litellm:polling:{jobs}:index:ended' 0 -1 withscores | paste -d ' ' - - |
		awk -v arrivals="$dir/arrivals" '
			{ ended[$1] = $2 - 3600 * 1000 }
			END {
				while ((getline line < arrivals) > 0) {
					split(line, v, " ")
					if (v[1] in ended)
						printf "%.1f\n", v[2] / 1000 - ended[v[1]]
				}
			}' >"$1"
}

# tell_in_time NAME ENDPOINT...: a hundred ends a second, each told to the first endpoint.
tell_in_time() {
	file=$(data "webhooks-$1")
	when=$1
	shift
	redis flushall >/dev/null
	told=$(arrivals | wc -l)
	start_telling "$@"
	left=$tens
	while [ "$left" -gt 0 ]; do
		create 10 10 sk-told
		sleep 0.1
		left=$((left - 1))
	done
	wait_until 30 "the webhooks" arrived $((told + 10 * tens))
	wait_until 10 "the ends" all_ended $((10 * tens))
	stop supervisor
	delays "$file"
	once=$(arrivals | tail -n +$((told + 1)) | cut -d ' ' -f 1 | sort | uniq -u | wc -l)
	late=$(percentile 0.99 "$file")
	row "told once, $when" "$once" "$((10 * tens))" "" "$once" '==' $((10 * tens))
	row "end of a response until its POST, 99th percentile, $when" "$late ms" "" \
		"median $(percentile 0.5 "$file"), max $(greatest 1 "$file") ms" "$late" '<=' 100
}
