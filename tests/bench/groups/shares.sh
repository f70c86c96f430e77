# Tenants that share the workers: how long one waits beside another that has asked for much.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# keep_standing COUNT: the greedy tenant creates what is missing.
keep_standing() {
	missing=$(($1 - $(standing)))
	[ "$missing" -le 0 ] || create "$missing" 16 sk-greedy
}

# ask_now_and_then FILE COUNT STANDING: the modest tenant creates a response each $pause_ms, the
# greedy one what it takes that so many of its own wait. Leaves the ids of the modest one's in the file.
ask_now_and_then() {
	asked=0
	next=$(date +%s%N)
	while [ "$asked" -lt "$2" ]; do
		keep_standing "$3"
		next=$((next + pause_ms * 1000000))
		left=$(((next - $(date +%s%N)) / 1000000))
		[ "$left" -le 0 ] || sleep "$(calc %.3f "$left / 1000")"
		[ "$(standing)" -ge $(($3 / 2)) ] || die "too few wait to share with: $(standing) of $3"
		create 1 1 sk-modest
		grep -v '^#' "$dir/ids" >>"$1"
		asked=$((asked + 1))
	done
}

# waits_of FILE: how long each of these responses has waited until it was claimed (ms), in order.
waits_of() {
	sed 's/.*/HGET "litellm:polling:job:{litellm:polling:response:&}" waited/' "$1" | redis |
		sort -n
}

all_claimed() {
	[ "$(waits_of "$1" | grep -c .)" -eq "$(wc -l <"$1")" ]
}

# waits NAME COUNT STANDING: leaves in $half and $late the median and the 99th percentile.
waits() {
	ids=$(data "$1-ids")
	ask_now_and_then "$ids" "$2" "$3"
	wait_until 30 "the modest tenant's responses" all_claimed "$ids"
	file=$(data "$1")
	waits_of "$ids" >"$file"
	half=$(percentile 0.5 "$file")
	late=$(percentile 0.99 "$file")
}

# A tenant with 10,000 responses that wait, and one with a response a second, on two workers.
measure_shares() {
	count=${BENCH_JOBS:-70} greedy=10000
	[ -z "$quick" ] || { count=5; greedy=200; }
	max_streams=50
	api_keys="[{ name: greedy, key: sk-greedy }, { name: modest, key: sk-modest }]"
	start_site 2 -d 250 -n 4
	create 10 1 sk-modest # warm up
	pause_ms=300
	waits shares-alone "$count" 0
	alone_half=$half alone_late=$late
	[ -n "$quick" ] || pause_ms=1000
	waits shares-beside "$count" "$greedy"
	name="modest tenant's response until claimed, beside $greedy of another"
	row "$name, median" "$half ms" "$alone_half ms alone" ""
	ratio=$(calc %.2f "($late) / ($alone_late > 0 ? $alone_late : 1)")
	row "$name, 99th percentile" "$late ms" "$alone_late ms alone" "$ratio" "$ratio" '<' 3
	max_streams='' api_keys=''
	stop_site
}
