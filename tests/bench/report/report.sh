# The report and its plots.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
