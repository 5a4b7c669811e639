#!/usr/bin/env bash
# Looks at the packet filters of a host in a network namespace of its own that has 5,000 foreign rules: half of them nft's,
# half of them of iptables-legacy. Prints the time of our look beside that of nft and iptables-save alone.
#
#   tests/bench/filters.sh RUNS WARDEN     called by tests/bench/run
set -euo pipefail
if [ -z "${INSIDE-}" ]; then
  INSIDE=yes exec unshare --net "$0" "$@"
fi
runs=$1 warden=$2
here=$(dirname "$0")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
ip link set lo up
{
  echo 'table inet foreign { chain input { type filter hook input priority filter; policy drop;'
  echo 'ct state established,related accept'
  for i in $(seq 2500); do echo "ip saddr 10.$((i / 250)).$((i % 250)).0/24 tcp dport $((i + 1000)) accept"; done
  printf '}\n}\n'
} | nft -f -
{
  printf '*filter\n:INPUT DROP\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n'
  for i in $(seq 2500); do echo "-A INPUT -s 10.$((i / 250)).$((i % 250)).0/24 -p tcp -m tcp --dport $((i + 1000)) -j ACCEPT"; done
  echo COMMIT
} | iptables-legacy-restore
cat >"$scratch/by-hand" <<'END'
#!/usr/bin/env bash
# What is read, printed by its own programs and not looked at.
nft -j list ruleset
nft -s -a list ruleset
iptables-legacy-save
END
chmod +x "$scratch/by-hand"
python3 "$here/processes.py" --head
python3 "$here/processes.py" "$runs" "$warden" audit firewall
python3 "$here/processes.py" "$runs" "$scratch/by-hand"
