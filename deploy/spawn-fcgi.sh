#!/bin/sh
# Runs respool.fcgi with spawn-fcgi, for a web server that connects to a socket: lighttpd with
# lighttpd-socket.conf, nginx with nginx.conf. Stays in the foreground, as runit, s6 and daemontools
# want it; SIGTERM ends it.
#
# The keys that the configuration takes from the environment have to be there.
#
# Requests that are passed through to a provider occupy no process: they are in a relay, which takes
# up to max_passthrough of them at once. With "prefork" there is one for all processes. With "plain"
# the process has one of its own, and so has each process with "multiwatch"; it is started with the
# first such request.
set -eu

program=/usr/libexec/respool/respool.fcgi
config=/etc/respool/config.yaml
socket=/run/respool/fcgi.sock
user=www-data        # whom the processes run as if root starts this, and who may connect
processes=16         # that answer requests

usage() {
	cat <<-'END_OF_USAGE'
	usage: spawn-fcgi.sh [plain | prefork | multiwatch]
	  plain       one process
	  prefork     several, which respool.fcgi keeps alive itself (the default)
	  multiwatch  several, which multiwatch keeps alive
	END_OF_USAGE
}

case $#:${1:-prefork} in
[01]:plain) set -- "$program" -c "$config" ;;
[01]:prefork) set -- "$program" -c "$config" -w "$processes" -r 1 ;;
[01]:multiwatch) set -- /usr/bin/multiwatch -s TERM -f "$processes" -- "$program" -c "$config" ;;
*:-h) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

mkdir -p "${socket%/*}"
# Without spawn-fcgi's -n it would go into the background, and its messages nowhere.
if [ "$(id -u)" -eq 0 ]; then
	exec spawn-fcgi -n -s "$socket" -M 0660 -u "$user" -U "$user" -- "$@"
fi
exec spawn-fcgi -n -s "$socket" -M 0660 -- "$@"
