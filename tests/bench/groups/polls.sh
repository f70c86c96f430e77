# Polls.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

object_length() {
	redis strlen "litellm:polling:response:$1"
}

# make_object SIZE: a completed response of so many bytes; leaves its id in $id.
make_object() {
	make_answer 64
	make_answer $(($1 - $(object_length "$id") + 64))
	[ "$(object_length "$id")" -eq "$1" ] ||
		die "the object has $(object_length "$id") bytes, expected $1"
}

# make_answer SIZE: a completed response whose text has so many bytes.
make_answer() {
	stop provider
	start_provider -d 0 -n 1 -b "$1"
	create 1 1
	wait_until 10 "a response" all_completed 1
	id=$(grep -v '^#' "$dir/ids")
}

# responders NAME: the processes that serve behind that web server, or by themselves.
responders() {
	for pid in $(tree_of "$1"); do
		case $(cat "/proc/$pid/comm") in
		respool.fcgi | bare_get) echo "$pid" ;;
		esac
	done
}

responders_cpu() {
	# shellcheck disable=SC2046 # a list of numbers
	cpu_us $(responders "$1")
}

size_name() {
	say "$(($1 / 1024)) KB"
}

poll_etag() {
	curl -sS --noproxy '*' -m 10 -D - -o "$dir/answer" -H "Authorization: Bearer $key" "$1" |
		tr -d '\r' | sed -n 's/^[Ee][Tt][Aa][Gg]: //p'
}

# Both programs answer with the object that is in Redis.
check_answers() {
	redis get "litellm:polling:response:$id" | head -c "$size" >"$dir/object"
	for check_url in "$respool_url" "$bare_url"; do
		etag=$(poll_etag "$check_url")
		cmp -s "$dir/object" "$dir/answer" ||
			die "$check_url does not answer with the object"
	done
	etag=$(poll_etag "$respool_url")
	[ -n "$etag" ] || die "a poll has no ETag"
}

# timed_load PROGRAM URL [WRK_OPTION...]: load, and leaves the responders' CPU per answer in $cpu.
timed_load() {
	program=$1
	shift
	before=$(responders_cpu "$program")
	load "$brief" "$@"
	cpu=$(calc %.2f "($(responders_cpu "$program") - $before) / ($rate * $brief)")
}

# One round: respool, the bare program, and respool when the client has the object already.
poll_round() {
	timed_load "$respool_program" "$respool_url"
	full=$rate full_cpu=$cpu
	check_size "$size" "$answer_bytes"
	timed_load "$bare_program" "$bare_url"
	bare=$rate bare_cpu=$cpu
	check_size "$size" "$answer_bytes"
	timed_load "$respool_program" "$respool_url" -H "If-None-Match: $etag"
	[ "$answer_bytes" -lt 1024 ] || die "a poll with If-None-Match brought the object"
	calc "%s %s %.4f %s %s %s %.4f %.4f\n" "$full, $bare, $full / $bare, \
		$full_cpu, $bare_cpu, $rate, $rate / $full, $full_cpu / $bare_cpu" >>"$1"
}

# check_size LEAST BYTES: answers that are too short were no answers.
check_size() {
	[ "$2" -ge "$1" ] || die "an answer has $2 bytes, expected $1 at least"
}

# poll_rows SERVER FILE
poll_rows() {
	name="$(size_name "$size") behind $1"
	row "poll, $name" "$(spread_rate 1 "$2")" "$(spread_rate 2 "$2") bare" \
		"$(spread 3 "$2" %.2f)" "$(median 3 "$2")" '>=' 0.95
	row "304 beside 200, $name" "$(spread_rate 6 "$2")" "$(spread_rate 1 "$2") 200s" \
		"$(spread 7 "$2" %.2f)" "$(median 7 "$2")" '>' 1
	row "CPU of the responders per poll, $name" "$(median 4 "$2") us" \
		"$(median 5 "$2") us bare" "$(spread 8 "$2" %.2f)"
}

spread_rate() {
	printf '%.0f/s' "$(median "$1" "$2")"
}

# start_servers SERVER: one in front of each program.
start_servers() {
	if [ "$1" = apache ]; then
		cp "$build/respool.fcgi" "$build/tests/bench/bare_get" "$dir"
		set -- apache "$dir/respool.fcgi" "$dir/bare_get" server bare-server
	else
		set -- "$1" "$dir/fcgi.sock" "$dir/bare.sock" responder bare
	fi
	"start_$1" server "$2"
	respool_url=$web_url/v1/responses/$id
	"start_$1" bare-server "$3"
	bare_url=$web_url/v1/responses/$id
	respool_program=$4
	bare_program=$5
}

# poll_server SERVER: with both programs behind it.
poll_server() {
	start_servers "$1"
	check_answers
	file=$(data "polls-$1-$size")
	if [ -z "$quick" ]; then # warm up
		load 1 "$respool_url"
		load 1 "$bare_url"
	fi
	round=0
	# Ratios so near to one need more rounds than others to be told from chance.
	while [ "$round" -lt $((2 * rounds - 1)) ]; do
		poll_round "$file"
		round=$((round + 1))
	done
	poll_rows "$1" "$file"
	stop bare-server
	stop server
}

# Polls of a stored object: with key, tenant and ETag, against the bare program with none of them.
measure_polls() {
	sizes=${BENCH_SIZES:-4096 262144}
	[ -z "$quick" ] || sizes=4096
	start_site 1 -d 0 -n 1 -b 64
	export BENCH_REDIS="$dir/redis.sock"
	start bare "$build/tests/bench/bare_get" "$dir/bare.sock" 4
	wait_until 10 "the bare program" is_socket "$dir/bare.sock"
	chmod 777 "$dir/bare.sock"
	for size in $sizes; do
		make_object "$size"
		for server in ${BENCH_SERVERS:-lighttpd nginx apache}; do
			poll_server "$server"
		done
	done
	redis_poll_cost
	stop_site
}

# What a poll costs Redis, for the arithmetic of capacity.
redis_poll_cost() {
	make_object 4096
	redis_cpu=$(cpu_of redis)
	load "$seconds" "$url/v1/responses/$id"
	redis_cpu=$(calc %.2f "($(cpu_of redis) - $redis_cpu) / ($rate * $seconds)")
	row "CPU of Redis per poll, 4 KB" "$redis_cpu us" "" ""
	say "$redis_cpu" >"$out/data/redis-us-per-poll"
}
