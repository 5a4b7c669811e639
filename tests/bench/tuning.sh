#!/usr/bin/env bash
# Looks at a host whose MariaDB and two kamailio run with the values of its configuration. Prints the time of our look beside
# that of the same questions asked by hand, of which one second is the short look at the hit rate.
#
#   tests/bench/tuning.sh RUNS WARDEN     called by tests/bench/run
set -euo pipefail
if [ -z "${INSIDE-}" ]; then
  INSIDE=yes exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private "$0" "$@"
fi
runs=$1 warden=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p /etc/ngcp-config /run/mysqld /run/kamailio
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"; rmdir /etc/ngcp-config 2>/dev/null || true' EXIT
chmod 755 "$scratch"
ip link set lo up
mkdir "$scratch/config" "$scratch/mysqld" "$scratch/kamailio"
mount --bind "$scratch/config" /etc/ngcp-config
mount --bind "$scratch/mysqld" /run/mysqld
mount --bind "$scratch/kamailio" /run/kamailio
cp "$here"/../hosts/mr13.5/etc/ngcp-config/*.yml /etc/ngcp-config/

mariadb-install-db --no-defaults --user=mysql --datadir="$scratch/data" --auth-root-authentication-method=normal >/dev/null 2>&1
chown mysql /run/mysqld
mariadbd --no-defaults --user=mysql --datadir="$scratch/data" --socket=/run/mysqld/mysqld.sock --skip-networking --log-bin=b \
  --innodb-buffer-pool-size=256M >"$scratch/log" 2>&1 &
for _ in $(seq 300); do mariadb-admin --no-defaults -uroot ping >/dev/null 2>&1 && break; sleep 0.1; done

for at in lb:5060:64:16 proxy:5062:124:192; do
  IFS=: read -r name port shared private <<<"$at"
  mkdir "$scratch/$name"
  {
    printf 'children=8\ntcp_children=8\nlog_stderror=no\nlisten=udp:127.0.0.1:%s\n' "$port"
    for module in ctl kex cfg_rpc tm sl pv usrloc registrar; do printf 'loadmodule "%s.so"\n' "$module"; done
    printf 'modparam("ctl", "binrpc", "unix:/run/kamailio/%s_ctl")\nrequest_route { sl_send_reply("200", "OK"); }\n' "$name"
  } >"$scratch/$name/kamailio.cfg"
  /usr/sbin/kamailio -f "$scratch/$name/kamailio.cfg" -P "/run/kamailio/kamailio.$name.pid" -m "$shared" -M "$private" >/dev/null 2>&1
  for _ in $(seq 100); do kamcmd -s "unix:/run/kamailio/${name}_ctl" core.version >/dev/null 2>&1 && break; sleep 0.1; done
done

cat >"$scratch/by-hand" <<'END'
#!/usr/bin/env bash
# The same questions, one after the other, by hand.
read='SHOW GLOBAL STATUS LIKE "innodb_buffer_pool_%";'
mariadb --no-defaults -uroot -e "$read SELECT SLEEP(1); $read"
mariadb --no-defaults -uroot -e 'SELECT SUM(data_length + index_length) FROM information_schema.tables; SHOW BINARY LOGS'
for name in lb proxy; do
  for question in core.ps core.shmmem pkg.stats; do kamcmd -s "unix:/run/kamailio/${name}_ctl" "$question"; done
done
cat $(pgrep -f 'kamailio.*kamailio.(lb|proxy).pid' | sed 's,.*,/proc/&/smaps_rollup,')
END
chmod +x "$scratch/by-hand"
python3 "$here/processes.py" --head
python3 "$here/processes.py" "$runs" "$warden" audit tuning
python3 "$here/processes.py" "$runs" "$scratch/by-hand"
