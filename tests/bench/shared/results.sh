# Figures: what is computed, compared and judged.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
