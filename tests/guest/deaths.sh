#!/bin/sh
# In the guest of tests/guest/oops: deaths.sh BUILD KERNEL PLACEMENT FAULT... Loads our module for
# faults in that placement and has it provoke each of them in turn. RINGSIDE_ARMED: the kernel prints
# source lines itself,
# armed "after" the module is loaded, or "before".
set -u
build=$1 placement=$3
shift 3
modules=$build/modules/$(uname -r)
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
modprobe reed_solomon
echo 3 >/proc/sys/kernel/hung_task_timeout_secs
echo 3 >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
arm() {
  ringside oops --debug "$modules" arm --lines >/run/armed 2>&1
  [ $? -le 1 ] || { cat /run/armed; exit 2; } # 1: the kernel's own lines need its -dbg package
}
[ -z "${RINGSIDE_ARMED:-}" ] || insmod "$modules/ringside_oops.ko" || exit 2
[ "${RINGSIDE_ARMED:-}" != before ] || arm
if [ "$placement" = stock ]; then
  insmod "$modules/ringside_provoke.ko" || exit 2
else
  insmod "$modules/ringside_loader.ko" || exit 2
  ringside load --placement="$placement" "$modules/ringside_provoke.ko" >/dev/null || exit 2
fi
[ "${RINGSIDE_ARMED:-}" != after ] || arm
dmesg -n 8
for fault; do
  sh -c 'echo "$0" >/sys/kernel/debug/ringside-provoke' "$fault" >/dev/null 2>&1 || true
done
dmesg -n 1
