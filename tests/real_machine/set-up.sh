#!/bin/sh
# Makes the machine what an image makes of it: keys and accounts that everybody knows. Then the answers of the tests.
set -e
mkdir -p /root/.ssh
chmod 700 /root/.ssh
ssh-keygen -q -t ed25519 -N '' -C operator -f /root/operator
ssh-keygen -q -t ed25519 -N '' -C 'vagrant insecure public key' -f /root/image
cat /root/operator.pub /root/image.pub >/root/.ssh/authorized_keys
chmod 600 /root/.ssh/authorized_keys
useradd -m -s /bin/bash cdrexport
echo cdrexport:cdrexport | chpasswd
# Older than the machine: from the image. Not the kind that takes an emulated processor minutes to make anew.
touch -d 2020-01-01 /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_ed25519_key
systemctl reload ssh
# As an apply of the platform leaves it, which enables what a preset enables and nothing else. Not for all units: the
# logins on the serial console are not in its presets.
echo 'disable *' >/etc/systemd/system-preset/99-platform.preset
rm -f /etc/systemd/system/*.wants/ngcp-warden-restore.service
systemctl --quiet preset ngcp-warden-restore.service
systemctl --quiet is-enabled ngcp-warden-restore.service

cd /root
answers=$(ngcp-warden answers)
# section STEP SED: the answers of one step, some of them changed.
section() {
  echo "$answers" | sed -n "/^$1:/,/^\$/p" | sed "$2"
}
{ echo 'schema: 1'; section noatime ''; } >noatime.yml
{ echo 'schema: 1'; section ssh 's/^  \(host-keys\|algorithms\):.*/  \1: leave/; s/^  password-login:.*/  password-login: off/'; } >ssh.yml
{ cat ssh.yml; section passwords 's/: generate$/: set/'; } | sed 's/^  host-keys:.*/  host-keys: renew/' >all.yml
sync
