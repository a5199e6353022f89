#!/usr/lib/lktest/busybox sh
# SPDX-License-Identifier: MIT
# The start of a root without init; the initramfs has mounted /dev, /proc,
# /sys and /run.
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm
mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs /tmp
hostname -F /etc/hostname 2>/dev/null
/run/lktest/say "userspace: ready"
