# The programs that are measured: how each is installed, configured and started. Sourced by run.sh.
#
# install_X says in $absent why there is none. start_X leaves in $url where responses are created and
# polled, in $passed where requests are passed through, in $programs the names of what runs, in
# $killed those of the program itself, and in $parts what can be measured. restart_X starts it once
# more after all of it was killed.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

all_parts="first_text polls streams long passthrough cancel kill"

title_of() {
	case $1 in
	respool) echo respool ;;
	litellm) echo LiteLLM ;;
	bifrost) echo Bifrost ;;
	esac
}

# port_answers URL
port_answers() {
	curl -s --noproxy '*' -m 5 -o /dev/null "$1"
}

for part in "$peers"/programs/*.sh; do
	. "$part"
done
