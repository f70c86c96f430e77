# How costs grow with the answer's length, the number of streams and the queue. Each leaves a series
# in $out/data for the plots.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# growth_row FIGURE FILE COLUMN UNIT: the last value of a series beside the one in its middle.
growth_row() {
	middle=$(awk -v c="$3" '{ v[NR] = $c } END { print v[int((NR + 1) / 2)] }' "$2")
	end=$(awk -v c="$3" '{ v = $c } END { print v }' "$2")
	ratio=$(calc %.2f "$end / $middle")
	row "$1" "$(calc %.2f "$end") $4" "$(calc %.2f "$middle") $4" "$ratio" "$ratio" '<=' 1.25
}

measure_growth() {
	measure_length
	measure_count
	measure_queue
}
