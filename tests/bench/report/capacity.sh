# What one Redis and one worker can carry.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# The groups that the capacity is computed from.
costs="polls creates deltas"

# What one Redis and one worker can carry, if a processor is theirs: from what each thing costs.
capacity() {
	delta=$(cat "$out/data/redis-us-per-delta")
	poll=$(cat "$out/data/redis-us-per-poll")
	create=$(cat "$out/data/redis-us-per-create")
	worker=$(cat "$out/data/respoold-us-per-delta")
	awk -v delta="$delta" -v poll="$poll" -v create="$create" -v worker="$worker" 'BEGIN {
		print "| | costs | a processor is full at |"
		print "|---|---|---|"
		row = "| %s | %.1f us per %s | %.0f %s |\n"
		printf row, "a stream worker, streams of 20 deltas/s", worker, "delta",
			1e6 / (20 * worker), "streams"
		printf row, "Redis, streams of 20 deltas/s", delta, "delta", 1e6 / (20 * delta),
			"streams"
		printf row, "Redis, the same, each polled twice a second", poll, "poll",
			1e6 / (20 * delta + 2 * poll), "streams"
		printf row, "Redis, polls of 4 KB alone", poll, "poll", 1e6 / poll, "polls/s"
		printf row, "Redis, creates alone", create, "create", 1e6 / create, "creates/s"
	}'
}
