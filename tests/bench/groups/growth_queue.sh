# How costs grow with the queue.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# queue_point FILE WAITING: creates, and the streams that run meanwhile.
queue_point() {
	waiting=$(standing)
	[ "$2" -le "$waiting" ] || create $(($2 - waiting)) 32
	watch_costs "$window"
	responder_cpu=$(cpu_of responder)
	redis_cpu=$(cpu_of redis)
	input=$(redis_input)
	create "$sample" 32
	calc "%d %.0f %.2f %.2f %.1f %.3f\n" "$2, \
		$sample / ($(create_ended) - $(create_began)) * 1e6, \
		($(cpu_of responder) - $responder_cpu) / $sample, \
		($(cpu_of redis) - $redis_cpu) / $sample, ($(redis_input) - $input) / $sample, \
		$cpu" >>"$1"
}

# What a create costs, and a delta of 50 running streams, while others wait.
measure_queue() {
	file=$(data growth-queue)
	lengths=${BENCH_LENGTHS:-0 1000 10000 30000 100000}
	window=4 sample=1000
	[ -z "$quick" ] || { lengths="0 200 1000"; window=1; sample=100; }
	max_streams=50
	start_site 1 -d 50 -n 1000000 -b 8
	create 50 16
	wait_until 20 "the streams" provider_started 50
	create 100 16
	for length in $lengths; do
		queue_point "$file" "$length"
	done
	growth_row "CPU of the responders per create, longest queue" "$file" 3 us
	growth_row "CPU of Redis per create, longest queue" "$file" 4 us
	growth_row "Redis input per create, longest queue" "$file" 5 B
	growth_row "CPU of respoold per delta, longest queue" "$file" 6 us
	max_streams=
	stop_site
}
