# Tables, and when and on what they were measured.
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
