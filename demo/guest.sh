#!/bin/sh
# The demo's part in the guest: demo/guest.sh BUILD KERNEL. Puts the symbol table into the kernel,
# has a module read through a null pointer, and leaves the reports on the console.
set -eu
build=$1 kernel=$2
modules=$build/modules/$(uname -r)
insmod "$modules/ringside_ksyms.ko"
ringside ksyms --kernel "$kernel" --placement kernel kfree >/dev/null # hands the table over
insmod "$modules/ringside_provoke.ko"
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
sh -c 'echo null >/sys/kernel/debug/ringside-provoke' >/dev/null 2>&1 || true # dies in the kernel
dmesg -n 1
