#!/usr/bin/env bash
# Makes a root tree of a real Debian 12 with the programs that the tests run in it, and prints its path.
#
#   tests/support/debian-root.sh --shared     the one below target/, unpacked once; only to be read
#   tests/support/debian-root.sh DIRECTORY    a copy of its own; DIRECTORY is emptied first
#   tests/support/debian-root.sh              only the archive
#
# The archive is kept below target/ and made once for these packages (needs root and the network, about two minutes);
# unpacking it takes seconds.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly RELEASE=bookworm
readonly PACKAGES=passwd,login,libpam-modules,mount,util-linux,openssh-server,mariadb-server,perl-base,openssl,git,procps,\
nginx-light,kamailio,kamailio-tls-modules
readonly ARCHIVE="$PWD/target/debian-$RELEASE.tar"
readonly SHARED="$PWD/target/debian-$RELEASE"

# unpack DIRECTORY
unpack() {
  rm -rf --one-file-system -- "$1"
  mkdir -p -- "$1"
  tar -C "$1" -xf "$ARCHIVE" --numeric-owner --exclude='./dev/*'
}

mkdir -p target
exec {lock}>"$ARCHIVE.lock"
flock "$lock"
if [ ! -s "$ARCHIVE" ] || [ "$(cat "$ARCHIVE.packages" 2>/dev/null)" != "$PACKAGES" ]; then
  # Left by one that was cut off.
  rm -rf --one-file-system -- "$ARCHIVE.new"
  mmdebstrap --quiet --format=tar --variant=minbase --include="$PACKAGES" "$RELEASE" "$ARCHIVE.new" >&2
  mv "$ARCHIVE.new" "$ARCHIVE"
  printf '%s\n' "$PACKAGES" >"$ARCHIVE.packages"
fi
if [ "${1-}" = --shared ]; then
  if [ "$SHARED" -ot "$ARCHIVE" ]; then
    unpack "$SHARED.new"
    rm -rf --one-file-system -- "$SHARED"
    mv "$SHARED.new" "$SHARED"
    touch "$SHARED"
  fi
  printf '%s\n' "$SHARED"
elif [ $# -gt 0 ]; then
  unpack "$1"
  printf '%s\n' "$1"
fi
