#!/bin/sh
# Tries to connect to a port of the host from another network: from-network NAME NUMBER PORT. The network is
# 198.51.NUMBER.0/24 at the other end of a cable of its own, plugged in when it is first needed.
set -e
if [ ! -e "/run/netns/$1" ]; then
  ip netns add "$1"
  ip link add "$1" type veth peer name cable netns "$1"
  ip addr add "198.51.$2.2/24" dev "$1"
  ip link set "$1" up
  ip -n "$1" addr add "198.51.$2.1/24" dev cable
  ip -n "$1" link set cable up
fi
exec ip netns exec "$1" timeout 5 bash -c "exec 3<>/dev/tcp/198.51.$2.2/$3"
