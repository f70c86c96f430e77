# The table, the plots and the document. Sourced by run.sh.
# shellcheck shell=sh
# shellcheck disable=SC2154

title() {
	case $1 in
	polls) say "Polls" ;;
	creates) say "Creates" ;;
	starts) say "From a create to the provider" ;;
	deltas) say "Deltas" ;;
	bytes) say "Bytes" ;;
	streams) say "Many streams" ;;
	burst) say "A burst" ;;
	scaling) say "Workers and supervisors" ;;
	passthrough) say "Pass-through" ;;
	relays) say "Many streams passed through" ;;
	mixed) say "Polls beside streams" ;;
	follow) say "Followed" ;;
	dialects) say "Translated" ;;
	versions) say "Beside an earlier version" ;;
	writes) say "Writes beside an earlier version" ;;
	length) say "Growth with the length of the answer" ;;
	count) say "Growth with the number of streams" ;;
	queue) say "Growth with the queue" ;;
	claim) say "Turns" ;;
	shares) say "Tenants that share" ;;
	webhooks) say "Webhooks" ;;
	redis) say "TLS and Cluster" ;;
	faults) say "Faults" ;;
	scrape) say "Metrics" ;;
	peers) say "Beside others" ;;
	esac
}

# table FILE: in Markdown.
table() {
	say "| | respool | compared with | result | target | |"
	say "|---|---|---|---|---|---|"
	awk -F '\t' '{
		sub(/>=/, "at least", $5); sub(/<=/, "at most", $5); sub(/== /, "", $5)
		sub(/</, "below", $5); sub(/>/, "above", $5)
		printf "| %s | %s | %s | %s | %s | %s |\n", $1, $2, $3, $4, $5, $6
	}' "$1"
}

version() {
	dpkg-query -W -f='${Version}' "$1" 2>/dev/null || say "unknown"
}

processor() {
	sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1
}

# When and on what something was measured.
day_and_machine() {
	cpu=$(processor)
	say "$(date -u +%Y-%m-%d), $(nproc) processors (${cpu:-unknown})"
}

# The same for all groups of one run.
circumstances() {
	say "$(day_and_machine), $rounds rounds of $seconds s"
}

# measured_how GROUP
measured_how() {
	say "Measured on $(cat "$out/results/$1.about")."
}

# fill: breaks lines where they are long enough.
fill() {
	tr -s '\n' ' ' | fold -s -w 100 | sed 's/ *$//'
	say ""
}

# The programs that all was measured with.
environment() {
	minutes=
	[ ! -e "$out/minutes" ] || minutes="The whole took $(cat "$out/minutes") minutes."
	fill <<-END
	$measured_on, Linux $(uname -r | cut -d- -f1),
	redis $(version redis-server), lighttpd $(version lighttpd),
	nginx $(version nginx), Apache $(version apache2-bin),
	libcurl $(curl-config --version | cut -d ' ' -f 2). $minutes
	END
}

# measured_together GROUP...: in one run, or at least so that nothing tells them apart.
measured_together() {
	for name; do
		[ -s "$out/results/$name.tsv" ] || return 1
		cmp -s "$out/results/$1.about" "$out/results/$name.about" || return 1
	done
}

# ---- capacity ------------------------------------------------------------------------------------

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

# ---- the report ----------------------------------------------------------------------------------

# measured GROUP...: those of them that were, to the end.
measured() {
	for name; do
		[ ! -s "$out/results/$name.tsv" ] || [ ! -s "$out/results/$name.about" ] || say "$name"
	done
}

# section GROUP: its table, and what is to be known of it.
section() {
	[ "$1" != peers ] || { cat "$out/peers-about.md"; say ""; }
	table "$out/results/$1.tsv"
	say ""
	measured_how "$1"
}

capacity_section() {
	capacity
	say ""
	measured_how "${costs%% *}"
}

# write_results GROUP...
write_results() {
	{
		say "# Benchmark"
		say ""
		environment
		[ -z "$quick" ] || say "A quick run: the figures mean nothing."
		for name in $(measured "$@"); do
			say ""
			say "## $(title "$name")"
			say ""
			section "$name"
		done
		# shellcheck disable=SC2086 # a list of words
		measured_together $costs || return 0
		say ""
		say "## Capacity"
		say ""
		capacity_section
	} >"$out/results.md"
}

# The ratios of polls and of 304s, for their plot.
write_ratios() {
	[ -s "$out/results/polls.tsv" ] || return 0
	awk -F '\t' '
		{
			place = $1
			sub(/.*, /, "", place)
			sub(/ behind /, ", ", place)
			split($4, v, " ")
		}
		/^poll/ { poll = v[1] }
		/^304/ { printf "\"%s\" %s %s\n", place, poll, v[1] }
	' "$out/results/polls.tsv" >"$out/data/ratios"
}

plot() {
	write_ratios
	(cd "$out" && gnuplot "$here/plot.gp") ||
		die "gnuplot cannot make the plots"
}

# verdicts VERDICT GROUP...: how many there are.
verdicts() {
	verdict=$1
	shift
	for name in $(measured "$@"); do
		cat "$out/results/$name.tsv"
	done | grep -c "$verdict\$" || true
}

# report GROUP...: prints the table, and returns whether every target was met.
report() {
	write_results "$@"
	plot
	cat "$out/results.md"
	passed=$(verdicts PASS "$@")
	failed=$(verdicts FAIL "$@")
	say ""
	say "$passed targets met, $failed missed; results in $out/results.md, plots beside it"
	[ "$failed" -eq 0 ] || [ -n "$quick" ]
}

# ---- the document --------------------------------------------------------------------------------

# fill_in NAME FILE: puts the file between the lines <!-- NAME --> and <!-- end --> of the document.
fill_in() {
	grep -qxF "<!-- $1 -->" "$document" || die "$document has no place for $1"
	awk -v name="$1" -v file="$2" '
		$0 == "<!-- end -->" { skipping = 0 }
		!skipping { print }
		$0 == "<!-- " name " -->" {
			skipping = 1
			print ""
			while ((getline line < file) > 0)
				print line
			print ""
		}
	' "$document" >"$dir/document"
	cat "$dir/document" >"$document"
}

# fill_in_with NAME COMMAND...: what it prints.
fill_in_with() {
	place=$1
	shift
	"$@" >"$dir/text"
	fill_in "$place" "$dir/text"
}

# All but those that compare with an earlier version, which not everybody has.
whole_run() {
	for name in $groups; do
		case $name in
		versions | writes) ;;
		*) say "$name" ;;
		esac
	done
}

# A block is written if what it tells was measured: each says when. What is said of the whole is
# written after a run of the whole.
write_doc() {
	document=$top/doc/performance.md
	# shellcheck disable=SC2046,SC2086 # lists of words
	{
		for name in $(measured $groups $named_groups); do
			fill_in_with "$name" section "$name"
		done
		! measured_together $costs || fill_in_with capacity capacity_section
		measured_on=$(cat "$out/results/polls.about" 2>/dev/null || true)
		! measured_together $(whole_run) || fill_in_with environment environment
	}
	for name in soak scripts; do
		[ ! -s "$out/$name.md" ] || fill_in "$name" "$out/$name.md"
	done
	plot
	for name in ratios length streams queue; do
		[ ! -s "$out/$name.svg" ] || cp "$out/$name.svg" "$top/doc/performance-$name.svg"
	done
	say "wrote $document"
}
