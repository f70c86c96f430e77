#!/bin/sh
# Builds the image of deploy/Containerfile on a Debian 13 made by debootstrap, and runs what
# deploy/compose.yaml says in namespaces of its own. What it leaves is in build/container: the base
# system, for the next time, and logs.
set -eu
cd "$(dirname "$0")/.."

suite=trixie
work=$PWD/build/container
base=$work/base-$suite.tar
results=$work/integration.xml
storage=

skip() {
	echo "The container is not tested: $*."
	exit 0
}

say() {
	printf '%s\n' "$*"
}

need() {
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

run_buildah() {
	buildah --root "$storage/root" --runroot "$storage/run" --storage-driver vfs "$@"
}

remove_storage() {
	run_buildah rm --all >/dev/null 2>&1 || true
	rm -rf --one-file-system "$storage"
}

# The machine's own source of Debian's packages.
mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' | head -n 1
}

# How the machine reaches it.
apt_settings() {
	apt-config dump | grep -E '^Acquire::(https?::|Check-|Retries)' || true
}

make_base() {
	root=$storage/$suite
	mirror=$(mirror)
	[ -n "$mirror" ] || skip "apt knows no source of Debian's packages; apt-get update tells it"
	debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$work/debootstrap.log" 2>&1 || {
		tail -n 20 "$work/debootstrap.log"
		exit 1
	}
	echo "deb $mirror $suite main" >"$root/etc/apt/sources.list"
	apt_settings >"$root/etc/apt/apt.conf.d/90machine"
	tar -C "$root" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' \
		--exclude='./dev/*' --exclude='./proc/*' -cf "$base.new" .
	mv "$base.new" "$base"
	rm -rf --one-file-system "$root"
}

import_base() {
	container=$(run_buildah from scratch)
	run_buildah add -q "$container" "$base" / >/dev/null
	run_buildah commit -q "$container" localhost/respool-test-base >/dev/null
	run_buildah rm "$container" >/dev/null
}

build_image() {
	run_buildah build --isolation chroot --format docker -f deploy/Containerfile \
		--build-arg BASE=localhost/respool-test-base -t localhost/respool-test . \
		>"$work/build.log" 2>&1 || {
		tail -n 40 "$work/build.log"
		exit 1
	}
	run_buildah inspect --type image localhost/respool-test >"$storage/image.json"
}

# What .dockerignore lets in.
list_context() {
	container=$(run_buildah from scratch)
	run_buildah add -q --contextdir "$PWD" --ignorefile .dockerignore "$container" "$PWD" / >/dev/null
	(cd "$(run_buildah mount "$container")" && find . -type f -printf '%P\n') >"$storage/context"
	run_buildah rm "$container" >/dev/null
}

# Everything that the tests start is in a namespace of processes, of mounts and of the network, and
# ends with them.
run_tests() {
	container=$(run_buildah from localhost/respool-test)
	RESPOOL_CONTAINER_ROOT=$(run_buildah mount "$container") \
	RESPOOL_CONTAINER_IMAGE=$storage/image.json \
	RESPOOL_CONTAINER_CONTEXT=$storage/context PYTHONDONTWRITEBYTECODE=1 \
		unshare --mount --net --pid --fork --kill-child --mount-proc \
		/usr/bin/python3 -m pytest -q -ra -p no:cacheprovider -c tests/container/pytest.ini \
		--junitxml="$results" tests/container "$@"
}

rm -f "$results"
[ "$(id -u)" -eq 0 ] || skip "it takes root"
PATH=$PATH:/usr/sbin:/sbin
need apt-get buildah debootstrap nginx redis-server redis-cli curl unshare nsenter setpriv
/usr/bin/python3 -c 'import pytest, redis, yaml' 2>/dev/null ||
	skip "python3-pytest, python3-redis and python3-yaml are needed"
unshare --mount --net --pid --fork true 2>/dev/null || skip "namespaces cannot be made here"
mkdir -p "$work"
storage=$(mktemp -d "$work/storage.XXXXXX")
trap remove_storage EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -e "$base" ]; then
	say "Using $base"
else
	say "Making a Debian $suite"
	make_base
fi
import_base
say "Building the image"
build_image
list_context
say "Running it"
run_tests "$@"
