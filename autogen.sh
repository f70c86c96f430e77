#!/bin/sh
# Makes ./configure from configure.ac.
set -eu
cd "$(dirname "$0")"
for tool in autoreconf automake pkg-config; do
	command -v "$tool" >/dev/null || {
		echo "autogen.sh: $tool not found; apt-get install autoconf automake pkg-config" >&2
		exit 1
	}
done
exec autoreconf --install --force --warnings=all,no-obsolete
