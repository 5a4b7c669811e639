#!/bin/sh
# by-key from another machine: a network of its own at the other end of a cable, plugged in when it is first needed.
set -e
if [ ! -e /run/netns/elsewhere ]; then
  ip netns add elsewhere
  ip link add cable type veth peer name cable netns elsewhere
  ip addr add 192.0.2.2/24 dev cable
  ip link set cable up
  ip -n elsewhere addr add 192.0.2.1/24 dev cable
  ip -n elsewhere link set cable up
fi
exec ip netns exec elsewhere env HOST=192.0.2.2 by-key "$@"
