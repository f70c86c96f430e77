# What the measurements share: programs that are started and stopped, their CPU time, results.
# Sourced by run.sh, which sets $here, $top, $build, $out, $dir, $rounds and $quick.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

key=sk-bench
started=
attended=

say() {
	printf '%s\n' "$*"
}

die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

# die_with_log WHAT LOG: shows the end of a file that says why.
die_with_log() {
	tail -n 15 "$2" | sed 's/^/    /' >&2
	die "$1; the end of ${2##*/} is above"
}

# ---- programs ------------------------------------------------------------------------------------

# start NAME COMMAND...: in the background, its output in NAME.log. It ends if this shell is killed.
# $under is a command to run it under, if there is one.
start() {
	name=$1
	shift
	# shellcheck disable=SC2086 # a list of words
	setpriv --pdeathsig TERM ${under:-} "$@" >"$dir/$name.log" 2>&1 </dev/null &
	started="$name:$! $started"
}

# pid_of NAME: of the program that was started under that name last.
pid_of() {
	for program in $started; do
		if [ "${program%%:*}" = "$1" ]; then
			echo "${program#*:}"
			return
		fi
	done
	die "$1 is not running"
}

# attend COMMAND...: runs it to its end, but a signal to this shell does not wait for it.
attend() {
	"$@" &
	attended=$!
	outcome=0
	wait "$attended" || outcome=$?
	attended=
	return "$outcome"
}

is_running() {
	kill -0 "$1" 2>/dev/null
}

# end_process PID: and what it has started, should it not end that itself.
end_process() {
	is_running "$1" || return 0
	family=$(tree "$1")
	kill "$1" 2>/dev/null || true
	tries=200
	while is_running "$1" && [ "$tries" -gt 0 ]; do
		sleep 0.02
		tries=$((tries - 1))
	done
	for pid in $family; do
		kill -9 "$pid" 2>/dev/null || true
	done
	wait "$1" 2>/dev/null || true
}

# stop NAME: every program of that name.
stop() {
	left=
	for program in $started; do
		if [ "${program%%:*}" = "$1" ]; then
			end_process "${program#*:}"
		else
			left="$left$program "
		fi
	done
	started=$left
}

# forget PID: of what is to end.
forget() {
	left=
	for program in $started; do
		[ "${program#*:}" = "$1" ] || left="$left$program "
	done
	started=$left
}

# Ends what was started, the last one first.
stop_all() {
	[ -z "$attended" ] || end_process "$attended"
	for program in $started; do
		end_process "${program#*:}"
	done
	started=
}

# wait_until SECONDS WHAT COMMAND...: dies if it takes longer, or if a program has ended meanwhile.
wait_until() {
	tries=$(($1 * 20))
	what=$2
	shift 2
	until "$@"; do
		for program in $started; do
			is_running "${program#*:}" ||
				die_with_log "${program%%:*} ended while waiting for $what" \
					"$dir/${program%%:*}.log"
		done
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || die "$what takes too long"
		sleep 0.05
	done
}

is_socket() {
	[ -S "$1" ]
}

# A port that is probably free: the caller tries another one if it is not. Runs side by side, whose
# process ids are close to each other, do not try the same ones.
next_port() {
	port=$((${port:-10000 + $$ % 220 * 100} + 1))
}

# ---- CPU time and memory -------------------------------------------------------------------------

# tree PID: the process and all its descendants.
tree() {
	echo "$1"
	# shellcheck disable=SC2013 # words, not lines
	for child in $(cat "/proc/$1/task"/*/children 2>/dev/null); do
		tree "$child"
	done
}

# tree_of NAME: the processes of the programs that were started under that name.
tree_of() {
	for program in $started; do
		[ "${program%%:*}" != "$1" ] || tree "${program#*:}"
	done
}

# cpu_us PID...: CPU time in microseconds. The scheduler counts it exactly; where its counters are
# not to be had, in ticks.
cpu_us() {
	for pid; do
		if [ -r "/proc/$pid/schedstat" ]; then
			cat "/proc/$pid/task"/*/schedstat
		else
			sed 's/.*) //' "/proc/$pid/stat" | awk -v hz="$(getconf CLK_TCK)" \
				'{ printf "%.0f\n", ($12 + $13) / hz * 1e9 }'
		fi 2>/dev/null
	done | awk '{ sum += $1 } END { printf "%.0f\n", sum / 1000 }'
}

# cpu_of NAME: of all processes of the programs of that name.
cpu_of() {
	# shellcheck disable=SC2046 # a list of numbers
	cpu_us $(tree_of "$1")
}

# titled NAME TITLE: the processes of respool.fcgi, started under that name, that have this title.
titled() {
	for pid in $(tree_of "$1"); do
		case $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") in
		"respool.fcgi: $2"*) echo "$pid" ;;
		esac
	done
}

# pss_kb PID...: memory, of which each process counts its share of what several have in common.
pss_kb() {
	for pid; do
		sed -n 's/^Pss:[^0-9]*//p' "/proc/$pid/smaps_rollup" 2>/dev/null || true
	done | awk '{ sum += $1 } END { print sum + 0 }'
}

# pss_of NAME: of all processes of the programs of that name.
pss_of() {
	# shellcheck disable=SC2046 # a list of numbers
	pss_kb $(tree_of "$1")
}

# peak_kb PID: the most memory that a process has had resident.
peak_kb() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}

resident_kb() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}

# ---- Redis ---------------------------------------------------------------------------------------

# $cluster_node is one of a Cluster, if that is what there is.
redis() {
	if [ -n "${cluster_node:-}" ]; then
		redis-cli -c -h "${cluster_node%:*}" -p "${cluster_node#*:}" "$@"
	else
		redis-cli -s "$dir/redis.sock" "$@"
	fi
}

# redis_stat NAME: a number out of INFO; of several servers, the sum.
redis_stat() {
	for socket in "$dir"/redis*.sock; do
		redis-cli -s "$socket" info stats
	done | tr -d '\r' | sed -n "s/^$1://p" | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

redis_input() {
	redis_stat total_net_input_bytes
}

# standing: how many wait, in all tenants' lines.
standing() {
	stand=$(redis hget 'litellm:polling:{jobs}:shares' waiting)
	say "${stand:-0}"
}

# start_redis_at SOCKET [OPTION...]: one server; there may be several.
start_redis_at() {
	redis_socket=$1
	shift
	start redis redis-server --port 0 --unixsocket "$redis_socket" --unixsocketperm 777 \
		--save '' --appendonly no --dir "$dir" "$@"
	wait_until 60 "Redis" is_socket "$redis_socket"
}

start_redis() {
	start_redis_at "$dir/redis.sock"
}

# ---- the stand-in provider -----------------------------------------------------------------------

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

# ---- respool -------------------------------------------------------------------------------------

# $api is what the provider is spoken to in, $cache_params where Redis is if not at its socket, and
# $more_config is lines of the section respool.
write_config() {
	cat >"$dir/config.yaml" <<-END
	model_list:
	  - model_name: m
	    litellm_params:
	      { model: openai/m, api_base: "$provider_url", api_key: none, api: ${api:-responses} }
	general_settings: { master_key: $key }
	litellm_settings:
	  cache: true
	  cache_params: { type: redis, ${cache_params:-socket_path: "$dir/redis.sock"} }
	  responses: { background_mode: { polling_via_cache: all, ttl: 3600 } }
	respool:
	  max_queue: 1000000
	  max_streams: ${max_streams:-5000}
	  drain_seconds: 0
	  ${max_passthrough:+max_passthrough: $max_passthrough}
	  ${keepalive:+keepalive_seconds: $keepalive}
	  ${api_keys:+api_keys: $api_keys}
	  ${key_defaults:+api_key_defaults: $key_defaults}
	  ${more_config:-}
	END
}

worker_is_up() {
	[ "$(redis zcard 'litellm:polling:{jobs}:workers')" -ge "$1" ]
}

# start_supervisor [WORKERS]: of the build directory $tested, or of this one.
start_supervisor() {
	workers=$(redis zcard 'litellm:polling:{jobs}:workers')
	start supervisor "${tested:-$build}/respoold" -c "$dir/config.yaml" -w "${1:-1}"
	wait_until 60 "the supervisor" worker_is_up $((workers + ${1:-1}))
}

# start_fcgi NAME BUILD SOCKET OPTION...: the respool.fcgi of a build directory.
start_fcgi() {
	fcgi=$1
	program=$2/respool.fcgi
	socket=$3
	shift 3
	start "$fcgi" "$program" -c "$dir/config.yaml" -s "unix:$socket" "$@"
	wait_until 60 "$fcgi" is_socket "$socket"
	chmod 777 "$socket"
}

# start_responder CHILDREN [OPTION...]: likewise.
start_responder() {
	children=$1
	shift
	start_fcgi responder "${tested:-$build}" "$dir/fcgi.sock" -w "$children" "$@"
}

# start_relaying: four responders and a relay.
start_relaying() {
	start_responder 4 -r 1
}

# start_site WORKERS PROVIDER_OPTION...: all of it, with lighttpd in front; $url leads there.
start_site() {
	start_site_on start_redis "$@"
}

# start_site_on COMMAND WORKERS PROVIDER_OPTION...: likewise; the command starts what Redis there is.
start_site_on() {
	"$1"
	site_workers=$2
	shift 2
	start_provider "$@"
	write_config
	[ "$site_workers" -eq 0 ] || start_supervisor "$site_workers"
	start_responder 4
	start_lighttpd web "$dir/fcgi.sock"
	url=$web_url
}

stop_site() {
	stop_all
	rm -f "$dir"/*.sock
}

# create COUNT AT_ONCE [KEY [TENANTS]]: the ids go to $dir/ids.
create() {
	# shellcheck disable=SC2086 # nothing, or a number
	attend "$build/tests/bench/create" "$url/v1/responses" "${3:-$key}" "$1" "$2" ${4:-} \
		>"$dir/ids" ||
		die "cannot create responses"
}

# When the first create was sent and the last answer was there (us).
create_began() {
	sed -n 's/^# first_us \([0-9]*\).*/\1/p' "$dir/ids"
}

create_ended() {
	sed -n 's/.* last_us \([0-9]*\).*/\1/p' "$dir/ids"
}

# completed: how many of the responses of $dir/ids are.
completed() {
	grep -v '^#' "$dir/ids" | sed 's/.*/GETRANGE litellm:polling:response:& 0 200/' | redis |
		grep -c '"status":"completed"'
}

# all_ended COUNT: and the index knows it.
all_ended() {
	[ "$(redis zcard 'litellm:polling:{jobs}:index:ended')" -ge "$1" ]
}

all_completed() {
	[ "$(completed)" -eq "$1" ]
}

# run_streams STREAMS DELTAS BYTES DELAY_MS: creates so many responses on the running site, and
# waits until all are complete. Leaves in $cpu what the supervisors needed (us), in $redis_cpu what
# Redis did, in $input the bytes and in $commands the commands that Redis received, in $deltas and
# $text what was streamed.
run_streams() {
	finished=$(provider_stat finished)
	deltas=$(provider_stat deltas)
	commands=$(redis_stat total_commands_processed)
	input=$(redis_input)
	redis_cpu=$(cpu_of redis)
	cpu=$(cpu_of supervisor)
	create "$1" 16
	wait_until $((30 + $2 * $4 / 500)) "the streams" provider_finished $((finished + $1))
	sleep 0.5
	cpu=$(($(cpu_of supervisor) - cpu))
	redis_cpu=$(($(cpu_of redis) - redis_cpu))
	input=$(($(redis_input) - input))
	commands=$(($(redis_stat total_commands_processed) - commands))
	deltas=$(($(provider_stat deltas) - deltas))
	text=$((deltas * $3))
	wait_until 20 "the last writes" all_completed "$1"
	[ "$deltas" -eq $(($1 * $2)) ] || die "$deltas deltas were streamed, expected $(($1 * $2))"
}

# ---- results -------------------------------------------------------------------------------------

# calc FORMAT EXPRESSION
calc() {
	awk "BEGIN { printf \"$1\", $2 }"
}

# median COLUMN FILE: nothing, if the file is empty; likewise the least and the greatest.
median() {
	sort -g -k "$1,$1" "$2" | awk -v c="$1" '
		{ v[NR] = $c }
		END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

least() {
	sort -g -k "$1,$1" "$2" | awk -v c="$1" 'NR == 1 { print $c }'
}

greatest() {
	sort -g -r -k "$1,$1" "$2" | awk -v c="$1" 'NR == 1 { print $c }'
}

# percentile PART FILE: of its only column, the least value that so much of it does not exceed.
percentile() {
	sort -g "$2" | awk -v part="$1" '
		{ v[NR] = $1 }
		END { print v[int(NR * part + 0.999)] }'
}

# spread COLUMN FILE FORMAT: "median (least to greatest)"
spread() {
	# shellcheck disable=SC2059 # the format is an argument
	printf "$3 ($3 to $3)" "$(median "$1" "$2")" "$(least "$1" "$2")" "$(greatest "$1" "$2")"
}

# begin_group NAME: forgets what an earlier run has found.
begin_group() {
	group=$1
	: >"$out/results/$group.tsv"
	rm -f "$out/results/$group.about"
	say "== $group"
}

# data FILE: where rounds and series are kept, empty at first.
data() {
	: >"$out/data/$1"
	echo "$out/data/$1"
}

# judge VALUE OPERATOR TARGET: what is no number passes no test.
judge() {
	awk -v a="$1" -v b="$3" "BEGIN {
		print(a ~ /^[0-9.]+(e[-+][0-9]+)?\$/ && a + 0 $2 b + 0 ? \"PASS\" : \"FAIL\")
	}"
}

# row FIGURE RESPOOL COMPARED RESULT VALUE OPERATOR TARGET: without OPERATOR nothing is demanded.
row() {
	verdict=
	[ -z "${6:-}" ] || verdict=$(judge "$5" "$6" "$7")
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "${6:+$6 $7}" "$verdict" \
		>>"$out/results/$group.tsv"
	printf '  %-52s %16s %20s  %-24s %8s  %s\n' "$1" "$2" "$3" "$4" "${6:+$6 $7}" "$verdict"
}
