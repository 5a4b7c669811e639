#!/usr/bin/env bash
# Makes the disk, the kernel and the initial RAM disk of a virtual machine with a Debian 12 under systemd, and prints
# the path of the folder that holds them (disk, vmlinuz, initrd).
#
# They are kept below target/ and made once (needs root and the network, about a minute). Nobody writes to the disk: a
# test starts from a copy. 'tests/real_machine' uses it.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly RELEASE=bookworm
readonly PACKAGES=systemd,systemd-sysv,udev,dbus,libpam-systemd,linux-image-cloud-amd64,e2fsprogs,iproute2,kmod,login,mount,nftables,openssh-client,openssh-server,passwd,procps,sshpass,iptables,rtpengine-iptables
# What builds the kernel's part of rtpengine; gone again before the disk is made.
readonly BUILDS=rtpengine-kernel-dkms,linux-headers-cloud-amd64,gcc,make
readonly MACHINE="$PWD/target/machine-$RELEASE"
readonly ROOT_UUID=5b6a1c0e-7d1b-4a53-9c7e-6f2f00c0ffee

# What a host has and a Debian tree has not.
settle() {
  local root=$1 unit
  echo "UUID=$ROOT_UUID / ext4 errors=remount-ro 0 1" >"$root/etc/fstab"
  echo spce >"$root/etc/hostname"
  echo '127.0.0.1 localhost spce' >"$root/etc/hosts"
  # A given one: with none, systemd takes every start for the first.
  echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
  echo root:sipwise | chroot "$root" chpasswd
  touch "$root/root/.hushlogin"
  # What a login leaves behind ends with it, root's too.
  mkdir -p "$root/etc/systemd/logind.conf.d"
  printf '[Login]\nKillUserProcesses=yes\nKillExcludeUsers=\n' >"$root/etc/systemd/logind.conf.d/strict.conf"
  for unit in serial-getty@ttyS0 serial-getty@ttyS1; do
    mkdir -p "$root/etc/systemd/system/$unit.service.d"
    # shellcheck disable=SC2016
    printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --noclear --keep-baud 115200 %%I $TERM\n' \
      >"$root/etc/systemd/system/$unit.service.d/autologin.conf"
    chroot "$root" systemctl --quiet enable "$unit.service"
  done
  chroot "$root" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service \
    dpkg-db-backup.timer fstrim.timer logrotate.timer getty@tty1.service
  # A small initial RAM disk is unpacked in a second.
  echo MODULES=list >"$root/etc/initramfs-tools/conf.d/machine"
  printf '%s\n' virtio_pci virtio_blk ext4 >>"$root/etc/initramfs-tools/modules"
  chroot "$root" update-initramfs -u -k all
}

# Keeps the module that was built for the kernel of the machine, and nothing that built it.
keep_module() {
  local root=$1 module
  module=$(find "$root/var/lib/dkms" "$root/lib/modules" -name 'xt_RTPENGINE.ko*' -type f | head -n 1)
  [ -n "$module" ] || { echo 'the kernel module of rtpengine was not built'; return 1; }
  cp "$module" "$root/root/"
  chroot "$root" dpkg --purge --force-depends rtpengine-kernel-dkms >/dev/null
  chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get purge -q -y --autoremove -o APT::AutoRemove::RecommendsImportant=false \
    dkms "linux-headers-*" gcc make >/dev/null
  set -- "$root"/lib/modules/*
  rm -rf --one-file-system -- "$1/updates" "$root/var/lib/dkms"
  mkdir "$1/updates"
  mv "$root/root/${module##*/}" "$1/updates/"
  chroot "$root" depmod "${1##*/}"
}

make() {
  local new=$1
  mkdir "$new"
  mmdebstrap --quiet --format=directory --variant=minbase --include="$PACKAGES,$BUILDS" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$RELEASE" "$new/root"
  keep_module "$new/root"
  settle "$new/root"
  cp -L "$new/root/vmlinuz" "$new/root/initrd.img" "$new"
  mv "$new/initrd.img" "$new/initrd"
  mke2fs -q -t ext4 -L spce-root -U "$ROOT_UUID" -E root_owner=0:0 -d "$new/root" "$new/disk" 1G
  rm -rf --one-file-system -- "$new/root"
}

mkdir -p target
exec {lock}>"$MACHINE.lock"
flock "$lock"
if [ ! -d "$MACHINE" ]; then
  # Left by one that was cut off.
  rm -rf --one-file-system -- "$MACHINE.new"
  make "$MACHINE.new" >&2
  mv "$MACHINE.new" "$MACHINE"
fi
printf '%s\n' "$MACHINE"
