# Installs missing Debian packages. Sourced by the scripts beside it.
# shellcheck shell=sh

# shellcheck disable=SC2034 # for who sources this
build_packages="gcc make autoconf automake pkg-config|pkgconf libc6-dev libfcgi-dev libhiredis-dev
	libjson-c-dev libcurl4-openssl-dev|libcurl4-gnutls-dev|libcurl4-nss-dev libevent-dev
	libyaml-dev uuid-dev libxxhash-dev libssl-dev"

package_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# missing_packages SPEC...: prints what is not installed. "a|b" is content with either, and asks
# for a.
missing_packages() {
	for spec; do
		found=
		for package in $(echo "$spec" | tr '|' ' '); do
			if package_installed "$package"; then
				found=$package
				break
			fi
		done
		[ -n "$found" ] || echo "${spec%%|*}"
	done
}

# What root has to do. A package that brings a service must neither start it now nor at boot:
# the programs are wanted, not the services.
# shellcheck disable=SC2016 # root's shell expands it
root_script='
set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap "rm -f $policy" EXIT
	trap "exit 129" HUP
	trap "exit 130" INT
	trap "exit 143" TERM
	printf "#!/bin/sh\nexit 101\n" >"$policy"
	chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
for package; do
	case $package in
	redis-server | lighttpd | nginx) update-rc.d "$package" disable ;;
	esac
done
'

# need_packages WHY SPEC...: installs what is missing, as root or with sudo. False if it cannot.
need_packages() {
	why=$1
	shift
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo "This is not a Debian system: nothing is installed. Needed $why: $*"
		return 0
	fi
	missing=$(missing_packages "$@" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	echo "Installing, because they are needed $why: $missing"
	if [ "$(id -u)" -eq 0 ]; then
		sudo=
	elif command -v sudo >/dev/null; then
		sudo=sudo
	else
		echo "Neither root nor sudo here. As root, run:" >&2
		echo "  apt-get install --no-install-recommends $missing" >&2
		return 1
	fi
	log=$(mktemp)
	# shellcheck disable=SC2086 # missing is a list of words
	if ! $sudo sh -c "$root_script" packages $missing >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		echo "The packages could not be installed; apt-get's last words are above." >&2
		return 1
	fi
	rm -f "$log"
}
