# Requests that are passed on to a provider, beside the same provider asked directly.
# shellcheck shell=sh
# shellcheck disable=SC2154

# start_passing PROVIDER_OPTION...: a site behind both web servers.
start_passing() {
	start_redis
	start_provider "$@"
	direct_url=$provider_url
	write_config
	start_relaying
	start_lighttpd lighttpd "$dir/fcgi.sock"
	lighttpd_url=$web_url/v1
	start_nginx nginx "$dir/fcgi.sock"
	nginx_url=$web_url/v1
}

# replace_provider PROVIDER_OPTION...: on the same port.
replace_provider() {
	stop provider
	start_provider "$@"
}

# url_of WAY
url_of() {
	case $1 in
	direct) echo "$direct_url/responses" ;;
	lighttpd) echo "$lighttpd_url/responses" ;;
	nginx) echo "$nginx_url/responses" ;;
	baseline) echo "$baseline_url/responses" ;;
	esac
}

# program_of WAY: what serves there.
program_of() {
	case $1 in
	baseline) echo baseline ;;
	*) echo responder ;;
	esac
}

# relay_cost MODE WAY ARGUMENT...: leaves what it prints in $dir/relay_cost.log, and the CPU time of
# respool.fcgi in $cpu (us).
relay_cost() {
	mode=$1
	way=$2
	shift 2
	served_by=$(program_of "$way")
	cpu=$(cpu_of "$served_by")
	attend "$build/tests/bench/relay_cost" "$mode" "$(url_of "$way")" "$key" "$@" \
		>"$dir/relay_cost.log" 2>&1 ||
		die_with_log "$mode: $way failed" "$dir/relay_cost.log"
	cpu=$(($(cpu_of "$served_by") - cpu))
}

# What follows measures one way, leaves the time in $us, the CPU time of respool.fcgi for each
# request or event in $cpu, and in $size what has to be the same every way.

# ask WAY CLIENTS
ask() {
	relay_cost requests "$1" "$2" "$load_ms"
	# shellcheck disable=SC2046 # names and numbers in turn
	set -- $(cat "$dir/relay_cost.log")
	us=$2
	cpu=$(calc %.3f "$cpu / $4")
	size=$6
}

# follow WAY: a stream that comes as fast as it is read.
follow() {
	relay_cost stream "$1"
	# shellcheck disable=SC2046
	set -- $(cat "$dir/relay_cost.log")
	us=$2
	cpu=$(calc %.3f "$cpu / $4")
	size=$4
}

# pace WAY: a stream with pauses, and how old its events are when the client has them.
pace() {
	relay_cost stream "$1"
	# shellcheck disable=SC2046
	set -- $(cat "$dir/relay_cost.log")
	[ $# -eq 8 ] || die_with_log "no event says when it was sent" "$dir/relay_cost.log"
	us=$6
	cpu=$(calc %.3f "$cpu / $4")
	size=$8
}

# take_turns FILE COMMAND ARGUMENT...: one round. A line has the time directly, then for each web
# server its time, ratio, difference and respool.fcgi's CPU time.
take_turns() {
	file=$1
	measured=$2
	shift 2
	"$measured" direct "$@"
	direct=$us
	expected=$size
	line=$us
	for server in lighttpd nginx; do
		"$measured" "$server" "$@"
		[ "$size" -eq "$expected" ] ||
			die "$measured: $size came through $server, expected $expected"
		line="$line $us $(calc '%.4f %.3f' "$us / $direct, $us - $direct") $cpu"
	done
	echo "$line" >>"$file"
}

# all_rounds FILE COMMAND ARGUMENT...: after one that does not count.
all_rounds() {
	results=$1
	shift
	[ -n "$quick" ] || take_turns "$dir/warm" "$@"
	round=0
	while [ "$round" -lt "$rounds" ]; do
		take_turns "$results" "$@"
		round=$((round + 1))
	done
}

# passed_rows FIGURE FILE FORMAT: of what take_turns has written.
passed_rows() {
	column=2
	for server in lighttpd nginx; do
		row "$1, $server" "$(calc "$3" "$(median "$column" "$2")") us" \
			"$(calc "$3" "$(median 1 "$2")") us directly" \
			"$(spread $((column + 1)) "$2" %.2f), $(calc "%+${3#%}" \
				"$(median $((column + 2)) "$2")") us"
		column=$((column + 4))
	done
}

# cpu_row FIGURE FILE FORMAT: one web server will do, respool.fcgi does the same behind each.
cpu_row() {
	row "CPU of respool.fcgi per $1, lighttpd" "$(calc "$3" "$(median 5 "$2")") us" "" ""
}

measure_passthrough() {
	load_ms=$((brief * 1000))
	many=20000
	paced=400
	[ -z "$quick" ] || { load_ms=200; many=1000; paced=40; }
	start_passing -d 0 -n 1 -b 64
	one=$(data passthrough-requests)
	all_rounds "$one" ask 1
	passed_rows "request, one at a time" "$one" %.0f
	four=$(data passthrough-requests-at-once)
	all_rounds "$four" ask 4
	passed_rows "request, four at a time" "$four" %.0f
	replace_provider -d 0 -n "$many" -b 64
	fast=$(data passthrough-events)
	all_rounds "$fast" follow
	passed_rows "event, as fast as it is read" "$fast" %.2f
	replace_provider -d 5 -n "$paced" -t
	slow=$(data passthrough-paced)
	all_rounds "$slow" pace
	passed_rows "age of an event, one every 5 ms" "$slow" %.0f
	cpu_row "request" "$one" %.0f
	cpu_row "event, as fast as it is read" "$fast" %.2f
	cpu_row "event, one every 5 ms" "$slow" %.0f
	stop_site
}
