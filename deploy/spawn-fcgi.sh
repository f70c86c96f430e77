#!/bin/sh
# Runs respool.fcgi with spawn-fcgi, for a web server that connects to a socket: lighttpd with
# lighttpd-socket.conf, nginx with nginx.conf. Stays in the foreground, as runit, s6 and daemontools
# want it; SIGTERM ends it.
#
# The keys that the configuration takes from the environment have to be there.
#
# How many processes may be busy with requests that are passed through to a provider, while the
# others answer polls, is respool's max_passthrough. With "prefork" it is half of them unless the
# configuration says otherwise. With "multiwatch" they do not know of each other, so that there is
# no bound. With "plain" polls wait while one is passed through. 0 turns that off.
set -eu

program=/usr/libexec/respool/respool.fcgi
config=/etc/respool/config.yaml
socket=/run/respool/fcgi.sock
user=www-data        # whom the processes run as if root starts this, and who may connect
processes=16

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
[01]:prefork) set -- "$program" -c "$config" -w "$processes" ;;
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
