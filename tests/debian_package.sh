#!/bin/sh
# Makes the Debian package as doc/installing.md says, from the tarball, in build/package, and looks
# at what is in it. With a directory as argument, takes the tarball that is there.
set -eu
cd "$(dirname "$0")/.."

build=${1:-build/gcc}
work=$PWD/build/package

fail() {
	echo "$*" >&2
	exit 1
}

unpack() {
	make -C "$build" dist distdir=respool-package >/dev/null
	rm -rf "$work"
	mkdir -p "$work"
	tar -C "$work" -xf "$build/respool-package.tar.gz"
	rm "$build/respool-package.tar.gz"
	mv "$work/respool-package" "$work/respool"
	cp -r "$work/respool/deploy/debian" "$work/respool/debian"
}

# Unit tests are run elsewhere; here it is the package that counts.
make_package() (
	cd "$work/respool"
	DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" DEB_BUILD_PROFILES=nocheck \
		dpkg-buildpackage -us -uc -b
)

# The libraries that the programs are linked with have to be what the package depends on.
check_dependencies() {
	depends=$(dpkg-deb -f "$package" Depends)
	echo "Depends: $depends"
	for program in usr/sbin/respoold usr/sbin/respoolctl \
		usr/libexec/respool/respool.fcgi; do
		objdump -p "$work/tree/$program" | awk '$1 == "NEEDED" { print $2 }'
	done | sort -u | while read -r library; do
		path=$(ldconfig -p | awk -v name="$library" '$1 == name { print $NF; exit }')
		[ -n "$path" ] || fail "$library is nowhere"
		owner=$(dpkg -S "$(realpath "$path")" 2>/dev/null || dpkg -S "$path")
		case $depends in
		*"${owner%%:*}"*) ;;
		*) fail "$library is of ${owner%%:*}, which the package does not depend on" ;;
		esac
	done
}

check_contents() {
	dpkg-deb -x "$package" "$work/tree"
	for file in usr/sbin/respoold usr/sbin/respoolctl usr/libexec/respool/respool.fcgi \
		etc/respool/config.yaml usr/share/man/man8/respoold.8.gz \
		usr/share/man/man8/respoolctl.8.gz usr/share/man/man8/respool.fcgi.8.gz \
		usr/share/bash-completion/completions/respoolctl \
		usr/share/man/man5/respool.yaml.5.gz usr/share/doc/respool/NEWS.gz \
		usr/share/doc/respool/examples/nginx.conf; do
		[ -e "$work/tree/$file" ] || fail "the package lacks $file"
	done
	for unit in respoold.service respool-fcgi.service respool.socket; do
		[ -e "$work/tree/lib/systemd/system/$unit" ] ||
			[ -e "$work/tree/usr/lib/systemd/system/$unit" ] || fail "the package lacks $unit"
	done
	"$work/tree/usr/sbin/respoold" -V
	"$work/tree/usr/sbin/respoolctl" -V
	"$work/tree/usr/libexec/respool/respool.fcgi" -V
}

run_lintian() {
	if command -v lintian >/dev/null; then
		lintian --fail-on error,warning --allow-root "$work"/respool_*.changes
	else
		echo "lintian is not installed: the package is not checked against Debian's policy"
	fi
}

unpack
make_package
package=$(echo "$work"/respool_*.deb)
check_contents
check_dependencies
run_lintian
