#!/bin/sh
# The demo's part in the guest: demo/guest.sh BUILD KERNEL [FAULT]. Puts the symbol table into the
# kernel, has a module provoke a fault (by default it reads through a null pointer), and leaves the
# reports on the console.
set -eu
build=$1 kernel=$2 fault=${3:-null}
modules=$build/modules/$(uname -r)
insmod "$modules/ringside_ksyms.ko"
ringside ksyms --kernel "$kernel" --placement kernel kfree >/dev/null # hands the table over
insmod "$modules/ringside_provoke.ko"
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
sh -c 'echo "$0" >/sys/kernel/debug/ringside-provoke' "$fault" >/dev/null 2>&1 || true # dies in the kernel
dmesg -n 1
