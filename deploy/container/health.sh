#!/bin/sh
# respool-health [ADDRESS]: whether the program that this container runs does its work. If not, says
# why, and fails. ADDRESS is where respool.fcgi listens: a socket's path, or HOST:PORT.
#
# respool.fcgi is asked as a web server would ask it, and answers whether it reaches Redis. Nobody
# can ask respoold. Its workers say in their titles whether they have a lease, which they have from
# Redis; and they wake up every second, so that one which has not run for three hangs.
set -eu

address=${1:-/run/respool/fcgi.sock}

unwell() {
	echo "$*"
	exit 1
}

# title PID: what the list of processes says of it; nothing if it has ended.
title() {
	tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" || true
}

check_responder() {
	answer=$(SCRIPT_NAME=/health/readiness REQUEST_METHOD=GET \
		timeout 5 cgi-fcgi -bind -connect "$address" 2>&1) ||
		unwell "no answer at $address: $answer"
	case $answer in
	*'"status":"ready"'*) ;;
	*) unwell "not ready: $answer" ;;
	esac
}

list_workers() {
	for process in /proc/[0-9]*; do
		case $(title "${process#/proc/}") in
		respoold*": worker "*) echo "${process#/proc/}" ;;
		esac
	done
}

# How often each of the workers has been given the processor.
count_runs() {
	for worker in $workers; do
		awk -v worker="$worker" '/ctxt_switches/ { runs += $2 }
			END { if (runs > 0) print worker, runs }' "/proc/$worker/status" 2>/dev/null || true
	done
}

check_workers() {
	workers=$(list_workers)
	[ -n "$workers" ] || unwell "no worker runs"
	for worker in $workers; do
		case $(title "$worker") in
		"respoold: worker "*) ;;
		*) unwell "worker $worker has no lease from Redis" ;;
		esac
	done
	before=$(count_runs)
	sleep 3
	hangs=$({ echo "$before"; count_runs; } | sort | uniq -d)
	[ -z "$hangs" ] || unwell "worker ${hangs%% *} hangs"
}

# The first process is the program, or an init that has its command line among its arguments.
case $(title 1) in
*respool.fcgi*) check_responder ;;
*respoold*) check_workers ;;
*) unwell "the first process is neither respool.fcgi nor respoold" ;;
esac
