# doc/performance.md, as far as it is measured.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

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
