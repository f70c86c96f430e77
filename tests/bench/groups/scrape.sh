# What a scrape of metrics costs.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# With so many responses stored, what a scrape of /metrics costs Redis.
measure_scrape() {
	count=10000 scrapes=50
	[ -z "$quick" ] || { count=200; scrapes=5; }
	more_config="open_metrics: true"
	start_site 1 -d 0 -n 1 -b 64
	more_config=
	create "$count" 32
	wait_until 60 "the responses" all_ended "$count"
	stop supervisor
	redis config resetstat >/dev/null
	redis_cpu=$(cpu_of redis)
	scraped=0
	while [ "$scraped" -lt "$scrapes" ]; do
		curl -sS --fail --noproxy '*' -m 10 -o "$dir/metrics" "$url/metrics" ||
			die "there are no metrics"
		scraped=$((scraped + 1))
	done
	redis_cpu=$(calc %.3f "($(cpu_of redis) - $redis_cpu) / $scrapes / 1000")
	ended=$(sed -n 's/^respool_responses_ended_total{.*"completed"} //p' "$dir/metrics")
	[ "$ended" -eq "$count" ] || die "the metrics tell of $ended responses, expected $count"
	walks=$(redis info commandstats | grep -c '^cmdstat_\(keys\|scan\):' || true)
	row "CPU of Redis per scrape, $count responses stored" "$redis_cpu ms" "" "" \
		"$redis_cpu" '<=' 5
	row "scans of all keys by a scrape" "$walks" "" "" "$walks" '==' 0
	stop_site
}
