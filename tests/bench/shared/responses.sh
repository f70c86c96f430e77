# Responses that are created, and what becomes of them.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
