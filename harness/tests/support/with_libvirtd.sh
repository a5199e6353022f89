#!/bin/sh
# SPDX-License-Identifier: MIT
# with_libvirtd.sh CACHE COMMAND…: runs the command beside a libvirt daemon that is as Debian configures it, in
# namespaces of its own, where qemu:///system means that daemon. All ends with the command; what the daemon
# found out about QEMU, which takes it seconds, stays in the directory CACHE, which one at a time has.
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
# Where KVM is there and hangs, libvirtd waits for it before each guest; who executes guests is no matter here.
if [ -e /dev/kvm ]; then mount --bind /dev/null /dev/kvm; fi
# No virtlogd, no systemd: QEMU's output goes to a file, and nobody has made control groups.
printf '%s\n' 'stdio_handler = "file"' 'cgroup_controllers = []' >/etc/libvirt/qemu.conf
libvirtd 2>/dev/null &
tries=0
until [ -S /run/libvirt/libvirt-sock ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 600 ] || { echo 'libvirtd did not start' >&2; exit 1; }
  sleep 0.1
done
"$@"
