#!/bin/sh
# Builds respool and runs it on loopback, with a Redis of its own and all files in a temporary
# directory, creates one background response and shows it grow: as a stream, which is cut in the
# middle and taken up again.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh

once=
dir=
started=
port=8080
response_id=

usage() {
	cat <<-'END'
	usage: deploy/quickstart.sh [--once]
	  --once  end after the first response; the exit status says whether it completed, and whether
	          its stream lacked nothing
	With OPENAI_API_KEY set, OpenAI answers, with $RESPOOL_MODEL or gpt-5-mini. Otherwise a
	stand-in provider does, and no key or network is needed.
	END
}

say() {
	printf '%s\n' "$*"
}

die() {
	printf 'quickstart: %s\n' "$*" >&2
	exit 1
}

# die_with_log WHAT LOG: shows the end of a file that says why.
die_with_log() {
	printf 'quickstart: %s. The end of %s:\n' "$1" "${2##*/}" >&2
	tail -n 25 "$2" | sed 's/^/    /' >&2
	exit 1
}

# start NAME COMMAND...: in the background, its output in NAME.log. It ends if this shell is killed.
start() {
	name=$1
	shift
	if setpriv --pdeathsig TERM true 2>/dev/null; then
		setpriv --pdeathsig TERM "$@" >"$dir/$name.log" 2>&1 </dev/null &
	else
		"$@" >"$dir/$name.log" 2>&1 </dev/null &
	fi
	started="$name:$! $started"
}

is_running() {
	kill -0 "${1#*:}" 2>/dev/null
}

check_programs() {
	for program in $started; do
		is_running "$program" ||
			die_with_log "${program%:*} ended unexpectedly" "$dir/${program%:*}.log"
	done
}

stop_program() {
	kill "${1#*:}" 2>/dev/null || return 0
	tries=100
	while is_running "$1" && [ "$tries" -gt 0 ]; do
		sleep 0.05
		tries=$((tries - 1))
	done
	kill -9 "${1#*:}" 2>/dev/null || true
}

# Stops what was started, the last one first.
stop_all() {
	trap '' HUP INT TERM
	for program in $started; do
		stop_program "$program"
	done
	[ -z "$dir" ] || rm -rf "$dir"
}

# wait_until WHAT COMMAND...: for up to 15 s, while everything that was started is running.
wait_until() {
	what=$1
	shift
	tries=150
	until "$@"; do
		check_programs
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || die_with_log "$what takes too long" "$dir/${what%% *}.log"
		sleep 0.1
	done
}

is_socket() {
	[ -S "$1" ]
}

install_packages() {
	# shellcheck disable=SC2086 # a list of words
	need_packages "to build respool" $build_packages || exit 1
	runtime_packages="redis-server lighttpd curl"
	[ -z "${OPENAI_API_KEY:-}" ] || runtime_packages="$runtime_packages ca-certificates"
	# shellcheck disable=SC2086
	need_packages "to run it here" $runtime_packages || exit 1
	for program in redis-server lighttpd curl; do
		command -v "$program" >/dev/null || die "$program is not in PATH ($PATH)"
	done
}

# Called where "set -e" has no effect: each step names its successor.
compile() {
	if [ ! -e configure ] || [ ! -e Makefile.in ]; then
		./autogen.sh || return
	fi
	mkdir -p build/quickstart && cd build/quickstart &&
		{ [ -e Makefile ] || ../../configure; } &&
		make -j"$(nproc)"
}

build() {
	mkdir -p build
	say "Building in build/quickstart"
	(flock 9 && compile) >build/quickstart.log 2>&1 9>build/.lock ||
		die_with_log "the build failed" build/quickstart.log
}

choose_model() {
	model=gpt-5
	[ -z "${OPENAI_API_KEY:-}" ] || model=${RESPOOL_MODEL:-gpt-5-mini}
	case $model in
	*[!A-Za-z0-9._:/-]*) die "RESPOOL_MODEL is \"$model\": expected the name of a model" ;;
	esac
}

start_redis() {
	start redis-server env -u OPENAI_API_KEY redis-server --port 0 \
		--unixsocket "$dir/redis.sock" --save '' --appendonly no --dir "$dir"
	wait_until "redis-server" is_socket "$dir/redis.sock"
}

# Prints the litellm_params that say where the model is.
deployment() {
	printf 'model: "openai/%s"' "$model"
	if [ -n "${OPENAI_API_KEY:-}" ]; then
		printf ', api_key: os.environ/OPENAI_API_KEY'
	else
		printf ', api_base: "http://%s/v1", api_key: none' "$provider"
	fi
}

start_provider() {
	start provider build/quickstart/tests/provider
	wait_until "provider" grep -qs '^listening on ' "$dir/provider.log"
	provider=$(sed -n 's/^listening on //p' "$dir/provider.log")
}

make_key() {
	printf 'sk-%s' "$(od -An -N 16 -t x1 /dev/urandom | tr -d ' \n')"
}

start_respool() {
	cat >"$dir/config.yaml" <<-END
	model_list:
	  - model_name: "$model"
	    litellm_params: { $(deployment) }
	general_settings:
	  master_key: os.environ/RESPOOL_MASTER_KEY
	litellm_settings:
	  cache: true
	  cache_params: { type: redis, socket_path: "$dir/redis.sock" }
	  responses:
	    background_mode: { polling_via_cache: all }
	respool:
	  drain_seconds: 1
	  admin_keys: [ { name: quickstart, key: os.environ/RESPOOL_ADMIN_KEY } ]
	END
	RESPOOL_MASTER_KEY=$(make_key)
	RESPOOL_ADMIN_KEY=$(make_key)
	export RESPOOL_MASTER_KEY RESPOOL_ADMIN_KEY
	no_proxy=127.0.0.1${no_proxy:+,$no_proxy}
	export no_proxy
	# Both call the provider. The clients' key and the operators' are for one of them alone.
	start respoold env -u RESPOOL_MASTER_KEY -u RESPOOL_ADMIN_KEY \
		build/quickstart/respoold -c "$dir/config.yaml"
	start respool.fcgi build/quickstart/respool.fcgi -c "$dir/config.yaml" \
		-s "unix:$dir/fcgi.sock" -w 4
	wait_until "respool.fcgi" is_socket "$dir/fcgi.sock"
}

write_lighttpd_conf() {
	cat >"$dir/lighttpd.conf" <<-END
	server.modules = ( "mod_fastcgi" )
	server.bind = "127.0.0.1"
	server.port = $port
	server.document-root = "$dir"
	server.upload-dirs = ( "$dir" )
	server.stream-response-body = 1
	fastcgi.server = ( "/" => (( "socket" => "$dir/fcgi.sock", "check-local" => "disable",
		"fix-root-scriptname" => "enable", "tcp-fin-propagate" => "enable" )) )
	END
}

# Answers when the web server listens or has ended because it cannot.
lighttpd_decided() {
	! is_running "$lighttpd" || grep -qs 'server started' "$dir/lighttpd.log"
}

port_is_taken() {
	grep -qs 'Address already in use' "$dir/lighttpd.log" && [ "$port" -lt 8180 ]
}

# On port 8080, or the next one that is free.
start_lighttpd() {
	others=$started
	while :; do
		write_lighttpd_conf
		start lighttpd env -u OPENAI_API_KEY -u RESPOOL_MASTER_KEY -u RESPOOL_ADMIN_KEY \
			lighttpd -D -f "$dir/lighttpd.conf"
		lighttpd=${started%% *}
		tries=100
		until lighttpd_decided || [ "$tries" -eq 0 ]; do
			sleep 0.1
			tries=$((tries - 1))
		done
		! is_running "$lighttpd" || break
		port_is_taken || die_with_log "lighttpd does not start" "$dir/lighttpd.log"
		started=$others
		port=$((port + 1))
	done
	url=http://127.0.0.1:$port
}

# request METHOD PATH [BODY]: leaves the answer in $dir/answer and its status in $http_status.
request() {
	set -- "$1" "$url$2" ${3:+"$3"}
	http_status=$(curl -sS --noproxy '*' -m 30 -X "$1" "$2" -o "$dir/answer" -w '%{http_code}' \
		-H "authorization: Bearer $RESPOOL_MASTER_KEY" -H 'content-type: application/json' \
		${3:+-d "$3"} 2>"$dir/curl.log") || http_status=000
}

is_ready() {
	request GET /health/readiness
	[ "$http_status" = 200 ]
}

request_or_die() {
	request "$@"
	[ "$http_status" != 000 ] || die_with_log "$1 $2 got no answer" "$dir/curl.log"
	[ "$http_status" = 200 ] || die_with_log "$1 $2 was answered $http_status" "$dir/answer"
}

# member NAME: a string of the answer that stands before its first nested object: id or status.
member() {
	sed -n "s/^[^}]*\"$1\":\"\([^\"]*\)\".*/\1/p" "$dir/answer"
}

# string_of NAME: the last member of that name that is a string, as JSON spells it, in what is read.
string_of() {
	sed -n 's/.*"'"$1"'":"\(\([^"\\]\|\\.\)*\)".*/\1/p'
}

# Prints JSON text without its escapes; control characters stay escaped, the terminal is safe.
print_text() {
	printf '%s' "$1" | sed 's/\\\\/\\_/g; s/\\n/\n/g; s/\\t/\t/g; s/\\\(["/]\)/\1/g; s/\\_/\\/g'
}

create_command() {
	printf "curl %s/v1/responses -H 'authorization: Bearer %s'" "$url" "$RESPOOL_MASTER_KEY"
	printf " -H 'content-type: application/json' -d '%s'" "$1"
}

# stream METHOD PATH [BODY]: prints what comes, as it comes.
stream() {
	set -- "$1" "$url$2" ${3:+"$3"}
	curl -sSN --noproxy '*' -m 120 -X "$1" "$2" \
		-H "authorization: Bearer $RESPOOL_MASTER_KEY" -H 'content-type: application/json' \
		${3:+-d "$3"} 2>"$dir/curl.log" || true
}

take_delta() {
	deltas=$((deltas + 1))
	delta=$(printf '%s\n' "$1" | string_of delta)
	print_text "$delta"
	printf '%s' "$delta" >>"$dir/text"
}

# take_event DATA: fails unless it is the one after $last.
take_event() {
	number=${1#*\"sequence_number\":}
	number=${number%%[!0-9]*}
	[ "$number" = $((last + 1)) ] || return
	last=$number
	case $1 in
	*'"type":"response.created"'*) printf '%s\n' "$1" >"$dir/answer" ;;
	*'"type":"response.output_text.delta"'*) take_delta "$1" ;;
	*'"type":"response.completed"'*) : >"$dir/completed" ;;
	esac
}

# show_stream MOST: prints the text of a stream that it reads, to the end or for so many deltas. The
# text is added to $dir/text, the number of the last event goes to $dir/last. What is no stream is
# left in $dir/answer.
show_stream() {
	deltas=0
	last=$(cat "$dir/last")
	while [ "$deltas" -lt "$1" ] && { IFS= read -r line || [ -n "$line" ]; }; do
		case $line in
		"data: "*) take_event "${line#data: }" || { missing=$((last + 1)); break; } ;;
		"event: "* | :* | "") ;;
		*) printf '%s\n' "$line" >"$dir/answer" ;;
		esac
	done
	echo "$last" >"$dir/last"
	[ -z "${missing:-}" ] || die "event $missing is missing in the stream"
}

# follow MOST METHOD PATH [BODY]: shows so many deltas of a stream, and cuts it then.
follow() {
	most=$1
	shift
	before=$(cat "$dir/last")
	say
	stream "$@" | show_stream "$most"
	say
	say
	last=$(cat "$dir/last")
	[ "$last" -gt "$before" ] || die_with_log "no events came" "$dir/answer"
}

create_response() {
	body='{"model":"'$model'","input":"Say in five sentences what a spool is for."'
	body=$body',"background":true,"stream":true}'
	say "Creating a background response, and reading its stream:"
	say "    $(create_command "$body") -N"
	echo -1 >"$dir/last"
	: >"$dir/text"
	follow 25 POST /v1/responses "$body"
	response_id=$(member id)
	say "Here the connection is cut, after event $last."
}

# The response has gone on meanwhile.
take_up_response() {
	path="/v1/responses/$response_id?stream=true&starting_after=$last"
	say "Taking the stream up again:"
	say "    curl '$url$path' -H 'authorization: Bearer $RESPOOL_MASTER_KEY' -N"
	follow 1000000 GET "$path"
	[ -e "$dir/completed" ] || die "the stream ended without response.completed"
}

# A poll has the same text as both parts of the stream together.
check_response() {
	request_or_die GET "/v1/responses/$response_id"
	status=$(member status)
	[ "$status" = completed ] || die_with_log "the response did not complete" "$dir/answer"
	[ "$(string_of text <"$dir/answer")" = "$(cat "$dir/text")" ] ||
		die_with_log "a poll has another text than the stream" "$dir/answer"
	say "The response is $status after $((last + 1)) events, and a poll has the same text."
}

print_commands() {
	auth="-H 'authorization: Bearer $RESPOOL_MASTER_KEY'"
	passed_body='{"model":"'$model'","input":"What is a spool?","stream":true}'
	cat <<-END

	What to try next, from another terminal:

	create:
	$(create_command "$body")
	poll:
	curl $url/v1/responses/$response_id $auth
	its events once more, from the first one on:
	curl '$url/v1/responses/$response_id?stream=true' $auth -N
	cancel (another one: this one has ended, and stays as it is):
	curl $url/v1/responses/$response_id/cancel $auth -d ''
	delete:
	curl -X DELETE $url/v1/responses/$response_id $auth
	stream (not in the background: what the provider says is passed through as it comes):
	$(create_command "$passed_body") -N

	The operators' page is at $url/respool/ and asks for the key
	$RESPOOL_ADMIN_KEY
	With that, Prometheus can have the metrics:
	curl $url/metrics -H 'authorization: Bearer $RESPOOL_ADMIN_KEY'

	Logs and configuration are in $dir until Ctrl-C ends all of it.
	END
}

serve() {
	trap 'exit 0' INT TERM
	while :; do
		sleep 0.5
		check_programs
	done
}

case $#:${1:-} in
0:) ;;
1:--once) once=yes ;;
1:-h | 1:--help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
export LC_ALL=C.UTF-8
export PATH="$PATH:/usr/sbin:/sbin"
choose_model
trap stop_all EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
install_packages
build
dir=$(mktemp -d "${TMPDIR:-/tmp}/respool.XXXXXX")
say "Starting redis-server, respoold, respool.fcgi and lighttpd in $dir"
start_redis
if [ -n "${OPENAI_API_KEY:-}" ]; then
	say "OPENAI_API_KEY is set: OpenAI answers as $model"
else
	say "OPENAI_API_KEY is not set: a stand-in provider answers"
	start_provider
fi
start_respool
start_lighttpd
wait_until "respool.fcgi at $url" is_ready
create_response
take_up_response
check_response
[ -z "$once" ] || exit 0
print_commands
serve
