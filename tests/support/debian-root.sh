#!/usr/bin/env bash
# Makes a root tree of a real Debian 12 with the programs that the tests run in it, and prints its path.
#
#   tests/support/debian-root.sh DIRECTORY
#
# DIRECTORY is emptied and filled; without one only the archive is made. The archive is kept below target/ and
# made once (needs root and the network, about two minutes); unpacking takes seconds.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly RELEASE=bookworm
readonly PACKAGES=passwd,login,libpam-modules,mount,util-linux,openssh-server,mariadb-server,perl-base,openssl,git,procps
readonly ARCHIVE="$PWD/target/debian-$RELEASE.tar"

mkdir -p target
exec {lock}>"$ARCHIVE.lock"
flock "$lock"
if [ ! -s "$ARCHIVE" ]; then
  mmdebstrap --quiet --variant=minbase --include="$PACKAGES" "$RELEASE" "$ARCHIVE.new" >&2
  mv "$ARCHIVE.new" "$ARCHIVE"
fi
exec {lock}>&-

if [ $# -gt 0 ]; then
  rm -rf --one-file-system -- "$1"
  mkdir -p -- "$1"
  tar -C "$1" -xf "$ARCHIVE" --exclude='./dev/*'
  printf '%s\n' "$1"
fi
