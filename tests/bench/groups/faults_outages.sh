# What is answered while Redis hangs or is not there.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

# refusal CURL_OPTION...: leaves in $status and $took (s) how a request is answered.
refusal() {
	# shellcheck disable=SC2046 # two words
	set -- $(curl -sS --noproxy '*' -m 20 -o "$dir/answer" -w '%{http_code} %{time_total}' \
		-H "Authorization: Bearer $key" -H 'Content-Type: application/json' "$@")
	status=$1 took=$2
}

# refused_row STATE: a poll and a create while Redis is so.
refused_row() {
	refusal "$url/v1/responses/$id"
	poll_status=$status poll_took=$took
	refusal -d '{"model":"m","background":true,"input":"x"}' "$url/v1/responses"
	slower=$(calc %.3f "($took > $poll_took ? $took : $poll_took)")
	[ "$status $poll_status" = "503 503" ] || slower="no 503: $status, $poll_status"
	row "503 while Redis $1: create or poll, the slower one" "$slower s" "" "" "$slower" '<' 2
}

away_rows() {
	start_site 1 -d 0 -n 1 -b 64
	make_answer 64
	stop supervisor
	kill -STOP "$(pid_of redis)"
	refused_row "hangs"
	kill -CONT "$(pid_of redis)"
	stop redis
	refused_row "is away"
	stop_site
}
