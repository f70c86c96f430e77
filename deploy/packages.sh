# Installs missing Debian packages. Sourced by the scripts beside it, from the top of the tree.
# shellcheck shell=sh
#
# A package is given as "a"; as "a|b", which is the first of them that the system has; or as "a|-",
# which is nothing where the system has no a.

# shellcheck disable=SC2034 # for who sources this
build_packages="gcc make autoconf automake pkg-config|pkgconf libc6-dev libfcgi-dev libhiredis-dev
	libjson-c-dev libcurl4-openssl-dev|libcurl4-gnutls-dev|libcurl4-nss-dev libevent-dev
	libyaml-dev uuid-dev libxxhash-dev libssl-dev"

package_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# package_known PACKAGE: whether apt could install it, as far as its lists tell.
package_known() {
	LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

# first_package SPEC CONDITION: the first package that meets the condition. False if none does.
first_package() {
	for package in $(echo "$1" | tr '|' ' '); do
		if [ "$package" = - ] || "$2" "$package"; then
			echo "$package"
			return
		fi
	done
	return 1
}

# choose_packages SPEC...: prints the packages that are meant here.
choose_packages() {
	for spec; do
		case $spec in
		*'|'*) first_package "$spec" package_known || echo "${spec%%|*}" ;;
		*) echo "$spec" ;;
		esac
	done | grep -vx -e - || true
}

# missing_packages SPEC...: prints the specs of which nothing is installed.
missing_packages() {
	for spec; do
		first_package "${spec%|-}" package_installed >/dev/null || echo "$spec"
	done
}

# What root has to do. A package that brings a service must neither start it now nor at boot: the
# programs are wanted, not the services.
install_packages() {
	set -eu
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		trap 'exit 129' HUP
		trap 'exit 130' INT
		trap 'exit 143' TERM
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	# shellcheck disable=SC2046 # a list of words
	set -- $(choose_packages "$@")
	apt-get install -q -y --no-install-recommends "$@"
	for package; do
		[ ! -e "/etc/init.d/$package" ] || update-rc.d "$package" disable
	done
}

# need_packages WHY SPEC...: installs what is missing, as root or with sudo. False if it cannot.
# In a shell of its own, so that the caller's variables stay as they are.
need_packages() (
	why=$1
	shift
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo "This is not a Debian system: nothing is installed. Needed $why: $*"
		return 0
	fi
	missing=$(missing_packages "$@")
	# shellcheck disable=SC2086 # a list of words
	names=$(choose_packages $missing | tr '\n' ' ')
	[ -n "$names" ] || return 0
	echo "Installing, because they are needed $why: $names"
	if [ "$(id -u)" -eq 0 ]; then
		sudo=
	elif command -v sudo >/dev/null; then
		sudo=sudo
	else
		echo "Neither root nor sudo here. As root, run:" >&2
		echo "  apt-get install --no-install-recommends $names" >&2
		return 1
	fi
	log=$(mktemp)
	# Once at a time: another run may need some, too.
	# shellcheck disable=SC2016,SC2086 # root's shell expands it
	if ! flock deploy/packages.sh $sudo sh -c '. deploy/packages.sh; install_packages "$@"' \
		packages $missing >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		echo "The packages could not be installed; apt-get's last words are above." >&2
		return 1
	fi
	rm -f "$log"
)
