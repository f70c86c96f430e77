# Debian roots under build/, for tests of other versions than the machine's own. Sourced by test.sh,
# from the top of the tree.
# shellcheck shell=sh

inside= # process id of what runs in a root, or makes one

# root_use SUITE: the root that the functions below mean. Nobody else uses it meanwhile.
root_use() {
	suite=$1
	root=$PWD/build/root-$suite
	source_in_root=/src/respool
	exec 8>"$root.lock"
	flock -n 8 || { echo "Another run is using $root." >&2; return 1; }
}

# root_stop: ends what runs in the root. Its mounts go with its last process.
root_stop() {
	[ -z "$inside" ] || kill -KILL "$inside" 2>/dev/null || return 0
	wait
	inside=
}

# apart NAMESPACES COMMAND...: with mounts, processes, and what else is named, of its own. All of it
# ends with the command, and with this shell. A shell does not look at signals while it runs a
# command, but does while it waits.
apart() {
	namespaces=$1
	shift
	# shellcheck disable=SC2086 # a list of words
	setpriv --pdeathsig KILL unshare --mount --pid $namespaces --fork --kill-child "$@" \
		</dev/null 8>&- &
	inside=$!
	ended=0
	wait "$inside" || ended=$?
	inside=
	return "$ended"
}

# machine_source: prints where the machine's apt gets this Debian from: the address, the components
# with commas, and the file that apt's list of sources has it in.
machine_source() {
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format '$(CODENAME) $(REPO_URI) $(COMPONENT) $(SOURCESENTRY)' \
		'Created-By: Packages' | awk -v codename="$codename" '
		$1 != codename || (uri != "" && uri != $2) { next }
		!($3 in seen) { components = components (uri != "" ? "," : "") $3 }
		{ uri = $2; seen[$3]; file = $4; sub(/:[0-9]*$/, "", file) }
		END { if (uri != "") print uri, components, file }'
}

find_source() {
	found=$(machine_source)
	if [ -z "$found" ]; then
		apt-get update -q
		found=$(machine_source)
	fi
	# shellcheck disable=SC2086 # words
	set -- $found
	[ $# -eq 3 ] || { echo "apt does not say where it gets this system from." >&2; return 1; }
	mirror=$1
	components=$2
	keyring=$(sed -n 's/^Signed-By: *\(\/.*\)/\1/p; s/^deb .*signed-by=\(\/[^] ]*\).*/\1/p' "$3" |
		head -n 1)
	[ -z "$keyring" ] || [ -e "$keyring" ] || keyring=
}

# What debootstrap downloads with reads the environment, and not what apt was told.
bootstrap() {
	eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
	[ -z "${http_proxy:-}" ] || export http_proxy
	[ -z "${https_proxy:-}" ] || export https_proxy
	apart "" debootstrap --variant=minbase --components="$components" --force-check-gpg \
		${keyring:+--keyring="$keyring"} "$suite" "$root.part" "$mirror"
}

# It gets its name only when it is whole. If the machine fails, it is made anew.
make_root() {
	rm -rf --one-file-system "$root" "$root.part"
	find_source && bootstrap && echo force-unsafe-io >"$root.part/etc/dpkg/dpkg.cfg.d/root" &&
		mv "$root.part" "$root"
}

# What apt in the root needs to reach the same source, which may have changed.
carry_over_apt() {
	echo "deb $mirror $suite $components" | tr , ' ' >"$root/etc/apt/sources.list"
	apt-config dump | grep -E '^Acquire::(https?|ftp|Check-|Retries|ForceIPv)' |
		grep -vi autodetect >"$root/etc/apt/apt.conf.d/90machine" || true
	[ -z "$keyring" ] || cp "$keyring" "$root/etc/apt/trusted.gpg.d/machine.${keyring##*.}"
	case $mirror in
	https:*) install -D -m 644 /etc/ssl/certs/ca-certificates.crt \
		"$root/etc/ssl/certs/ca-certificates.crt" ;;
	esac
}

# Whether nothing was interrupted that has to do with packages.
root_is_sound() {
	[ -d "$root" ] && audit=$(chroot "$root" dpkg --audit) && [ -z "$audit" ]
}

# root_make: unless there is a sound one. What debootstrap says goes to build/log.
root_make() {
	if root_is_sound; then
		! find_source || carry_over_apt
		return
	fi
	echo "Making $root"
	if ! make_root >"build/log/root-$suite.log" 2>&1; then
		echo "There is no root with $suite. The end of build/log/root-$suite.log:" >&2
		tail -n 20 "build/log/root-$suite.log" | sed 's/^/    /' >&2
		return 1
	fi
	carry_over_apt
}

# The files that a clone or a release has.
list_sources() {
	if [ -e .git ]; then
		# shellcheck disable=SC2016 # the inner shell expands it
		git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
			xargs -0 sh -c 'for file; do [ ! -e "$file" ] || printf "%s\0" "$file"; done' sh
	else
		find . -path ./build -prune -o -type f -print0
	fi
}

# root_copy FROM TO: a file or directory, to an absolute path in the root.
root_copy() {
	rm -rf "${root:?}$2"
	mkdir -p "$root$(dirname "$2")"
	cp -rL "$1" "$root$2"
}

# root_copy_sources: as they are now. Builds that were made from earlier ones stay.
root_copy_sources() {
	new=$root/src/new
	rm -rf "$new"
	mkdir -p "$new" "$root$source_in_root/build"
	list_sources | tar -c --null -T - | tar -x -C "$new"
	mv "$root$source_in_root/build" "$new/build"
	rm -rf "${root:?}$source_in_root"
	mv "$new" "$root$source_in_root"
}

# The first process of those in the root.
# shellcheck disable=SC2016 # the inner shell expands it
enter_script='
set -eu
root=$1
shift
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
find "$root/tmp" -mindepth 1 -delete
cp /etc/resolv.conf /etc/hosts "$root/etc/"
if [ "$1" = offline ]; then
	chroot "$root" ip link set lo up
fi
shift
chroot "$root" env -i "$@"
'

# root_run NETWORK COMMAND...: in the copy of the sources. NETWORK is online for the machine's
# network, offline for a loopback interface of its own. Only what is named here of the environment
# is the same in the root.
root_run() {
	network=$1
	shift
	names="TERM CI OPENRESPONSES_SCHEMA RESPOOL_NODE_MODULES RESPOOL_CLIENT_MODULES"
	others="--net --ipc"
	if [ "$network" = online ]; then
		names="$names http_proxy https_proxy no_proxy"
		others=
	fi
	for name in $names; do
		eval "value=\${$name:-}"
		[ -z "$value" ] || set -- "$name=$value" "$@"
	done
	set -- -C "$source_in_root" HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		"$@"
	apart "$others" sh -c "$enter_script" sh "$root" "$network" "$@"
}
