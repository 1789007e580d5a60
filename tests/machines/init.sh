#!/bin/bash
# SPDX-License-Identifier: ISC
#
# PID 1 of a machine that is made of namespaces: init.sh NAME WORK.  It gives
# the machine what is its own, says in WORK/NAME/init by which number others
# know it, and waits for whatever is left to it.

set -eu

name=$1
work=$2
own=$work/$name
# /proc is still the one of outside, where this process has another number.
read -r pid _ </proc/self/stat

mount --make-rprivate /
hostname "$name"

# What a machine shares with others it has at the same place.
mount -t tmpfs -o mode=755 none /mnt
mkdir /mnt/work
mount --bind "$work" /mnt/work
mount -t tmpfs -o mode=1777 none /tmp
mkdir -p "$work"
mount --move /mnt/work "$work"
umount /mnt

mount -t tmpfs -o mode=755 none /run
mount -t tmpfs -o mode=1777 none /dev/shm
mount -t tmpfs -o mode=755 none /var/lib
mkdir /var/lib/pelihook
mount --bind "$own/lib" /var/lib/pelihook
if [ ! -e /etc/machine-id ]; then
	cp -a /etc /run/etc
	mount --bind /run/etc /etc
	: >/etc/machine-id
fi
mount --bind "$own/machine-id" /etc/machine-id
mount -t proc proc /proc
mount --bind "$own/boot-id" /proc/sys/kernel/random/boot_id
ip link set lo up

echo "$pid" >"$own/init.new"
mv "$own/init.new" "$own/init"
while :; do
	sleep 3600 &
	wait $! || :
done
