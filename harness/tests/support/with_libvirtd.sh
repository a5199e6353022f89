#!/bin/sh
# SPDX-License-Identifier: MIT
# with_libvirtd.sh CACHE COMMAND…: runs the command with a libvirt daemon in Debian's configuration, in private
# namespaces, where qemu:///system is that daemon. Everything ends with the command. The daemon's data about QEMU, which
# takes seconds to collect, stays in the directory CACHE, which only one run may use at a time.
set -eu
if [ "${1:-}" != --inside ]; then
  mkdir -p "$1"
  exec 9>"$1.lock"
  flock 9
  exec unshare --mount --pid --fork --kill-child --mount-proc "$0" --inside "$@"
fi
shift
cache=$1
shift
mount --make-rprivate /
for directory in /run/libvirt /var/lib/libvirt /etc/libvirt; do
  mkdir -p "$directory"
  mount -t tmpfs libvirt "$directory"
done
mkdir -p /var/cache/libvirt
mount --bind "$cache" /var/cache/libvirt
mkdir /etc/libvirt/qemu
# If KVM exists but hangs, libvirtd would wait for it before each guest; these tests do not depend on the accelerator.
if [ -e /dev/kvm ]; then mount --bind /dev/null /dev/kvm; fi
# There is no virtlogd and no systemd: QEMU's output goes to a file, and control groups do not exist.
printf '%s\n' 'stdio_handler = "file"' 'cgroup_controllers = []' >/etc/libvirt/qemu.conf
libvirtd 2>/dev/null &
tries=0
until [ -S /run/libvirt/libvirt-sock ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 600 ] || { echo 'libvirtd did not start' >&2; exit 1; }
  sleep 0.1
done
"$@"
