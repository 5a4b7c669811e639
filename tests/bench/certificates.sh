#!/usr/bin/env bash
# Looks at the certificates of a host in a namespace of its own: a real nginx on five ports, a configuration that names its
# files. Prints the time of our inspection beside that of testssl for one port, and of openssl for the same questions.
#
#   tests/bench/certificates.sh RUNS WARDEN     called by tests/bench/run
set -euo pipefail
if [ -z "${INSIDE-}" ]; then
  INSIDE=yes exec unshare --mount --net --propagation private "$0" "$@"
fi
runs=$1 warden=$2
here=$(dirname "$0")
mkdir -p /etc/ngcp-config
scratch=$(mktemp -d)
trap 'nginx -c "$scratch/nginx.conf" -s stop 2>/dev/null || true; rm -rf "$scratch"; rmdir /etc/ngcp-config 2>/dev/null || true' EXIT
ip link set lo up
mkdir -p "$scratch/config/shared-files/ssl"
mount --bind "$scratch/config" /etc/ngcp-config
ssl=/etc/ngcp-config/shared-files/ssl

printf 'subjectAltName=DNS:spce.example.net,DNS:%s\nextendedKeyUsage=serverAuth\n' "$(hostname -f 2>/dev/null || hostname)" >"$scratch/names"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$scratch/ca.key" -out "$scratch/ca.pem" -days 30 -subj '/CN=Bench CA' 2>/dev/null
# Trusted by the host, as those of a real one are.
cp -aL /etc/ssl/certs "$scratch/trusted" 2>/dev/null || true
cp "$scratch/ca.pem" "$scratch/trusted/$(openssl x509 -in "$scratch/ca.pem" -noout -hash).0"
mount --bind "$scratch/trusted" /etc/ssl/certs
make() { # NAME KEY-OPTIONS...
  openssl req -new -nodes -newkey "${@:2}" -keyout "$ssl/$1.key" -out "$scratch/$1.csr" -subj '/CN=spce.example.net' 2>/dev/null
  openssl x509 -req -in "$scratch/$1.csr" -CA "$scratch/ca.pem" -CAkey "$scratch/ca.key" -CAcreateserial -days 20 \
    -extfile "$scratch/names" -out "$ssl/$1.crt" 2>/dev/null
}
for name in admin csc system provisioning; do make "$name" ec -pkeyopt ec_paramgen_curve:P-256; done
make autoprov rsa:4096

{
  printf 'daemon on; pid %s/nginx.pid; error_log %s/log; events {} http { access_log off;\n' "$scratch" "$scratch"
  for at in admin:1443 csc:443 system:1442 provisioning:2443 autoprov:1444; do
    printf 'server { listen %s ssl; ssl_certificate %s/%s.crt; ssl_certificate_key %s/%s.key; return 200 ok; }\n' \
      "${at#*:}" "$ssl" "${at%:*}" "$ssl" "${at%:*}"
  done
  echo '}'
} >"$scratch/nginx.conf"
nginx -c "$scratch/nginx.conf"

place() { # INDENT NAME PORT CERTIFICATE-KEY KEY-KEY
  printf '%s%s:\n%s  port: %s\n%s  %s: %s/%s.crt\n%s  %s: %s/%s.key\n' \
    "$1" "$2" "$1" "$3" "$1" "$4" "$ssl" "$6" "$1" "$5" "$ssl" "$6"
}
{
  printf 'autoprov:\n'
  place '  ' server 1444 server_certfile server_keyfile autoprov
  printf 'ossbss:\n'
  place '  ' apache 2443 sslcertfile sslcertkeyfile provisioning
  printf 'www_admin:\n'
  place '  ' http_admin 1443 sslcertfile sslcertkeyfile admin
  place '  ' http_csc 443 sslcertfile sslcertkeyfile csc
  place '  ' http_system 1442 sslcertfile sslcertkeyfile system
} >/etc/ngcp-config/config.yml

cat >"$scratch/by-hand" <<'END'
#!/usr/bin/env bash
# The same questions, one after the other, by hand.
ssl=$1
for at in admin:1443 csc:443 system:1442 provisioning:2443 autoprov:1444; do
  name=$ssl/${at%:*}
  openssl x509 -in "$name.crt" -noout -text
  openssl verify -purpose sslserver -auth_level 2 -untrusted "$name.crt" "$name.crt"
  cmp <(openssl pkey -in "$name.key" -pubout) <(openssl x509 -in "$name.crt" -noout -pubkey)
  openssl s_client -connect "127.0.0.1:${at#*:}" -showcerts </dev/null
  openssl s_client -connect "127.0.0.1:${at#*:}" -servername spce.example.net -showcerts </dev/null
done
END
chmod +x "$scratch/by-hand"
python3 "$here/processes.py" --head
python3 "$here/processes.py" "$runs" "$warden" audit certificates
python3 "$here/processes.py" "$runs" "$scratch/by-hand" "$ssl"
python3 "$here/processes.py" 1 testssl --quiet --color 0 --warnings batch 127.0.0.1:1443
