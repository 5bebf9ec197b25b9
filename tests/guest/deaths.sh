#!/bin/sh
# In the guest of tests/guest/oops and tests/guest/armed: deaths.sh BUILD KERNEL PLACEMENT FAULT...
# Loads our module for faults in that placement and has it provoke each of them in turn. Further
# faults: "sysrq-X" is that key of sysrq, "space" dies in a space, "random-SEED-COUNT" is so many
# that a kernel survives, at random, two at a time; "reload-PLACEMENT" is none, but has our module
# loaded anew. RINGSIDE_ARMED: the kernel prints source lines itself, armed "after" our module is
# loaded, or "before"; its status is printed at the end.
set -u
build=$1 placement=$3
shift 3
modules=$build/modules/$(uname -r)
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
modprobe reed_solomon
echo 3 >/proc/sys/kernel/hung_task_timeout_secs
echo 1 >/proc/sys/kernel/watchdog_thresh
echo 3 >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
detector=0x$(awk '$3 == "watchdog_overflow_callback" { print $1 }' /proc/kallsyms)
arm() {
  ringside oops --debug "$modules" arm --lines --modules="$1" >/run/armed 2>&1
  [ $? -le 1 ] || { cat /run/armed; exit 2; } # 1: the kernel's own lines need its -dbg package
}
[ -z "${RINGSIDE_ARMED:-}" ] || insmod "$modules/ringside_oops.ko" || exit 2
if [ "${RINGSIDE_ARMED:-}" = before ]; then
  # Of an emulated CPU's time 4,000 modules take minutes; most are put out of sight.
  for hidden in "/lib/modules/$(uname -r)"/kernel/drivers "/lib/modules/$(uname -r)"/kernel/sound \
    "/lib/modules/$(uname -r)"/kernel/net "/lib/modules/$(uname -r)"/kernel/fs /usr/lib/debug; do
    [ ! -d "$hidden" ] || mount -t tmpfs none "$hidden"
  done
  arm all
fi
load() { # PLACEMENT
  if [ "$1" = stock ]; then
    insmod "$modules/ringside_provoke.ko" || exit 2
  else
    [ -d /sys/module/ringside_loader ] || insmod "$modules/ringside_loader.ko" || exit 2
    ringside load --placement="$1" "$modules/ringside_provoke.ko" >/dev/null || exit 2
  fi
  echo "$detector" >/sys/module/ringside_provoke/parameters/detector
}
load "$placement"
[ "${RINGSIDE_ARMED:-}" != after ] || arm loaded
dmesg -n 8
one() {
  case $1 in
    sysrq-*) echo "${1#sysrq-}" >/proc/sysrq-trigger ;;
    space)
      ringside place "$build/space_dying.o" --load-space "$modules/ringside_space.ko" --call die ;;
    random-*) random "$(echo "$1" | cut -d- -f2)" "$(echo "$1" | cut -d- -f3)" ;;
    *) sh -c 'echo "$0" >/sys/kernel/debug/ringside-provoke' "$1" ;;
  esac >/dev/null 2>&1 || true
}
random() { # SEED COUNT
  awk -v seed="$1" -v count="$2" 'BEGIN {
    srand(seed)
    faults = split("null warn bug wild stock sysrq-l", fault)
    while (count-- > 0) print fault[1 + int(faults * rand())]
  }' >/run/faults
  while read -r first; do
    one "$first" &
    read -r second && one "$second"
    wait
  done </run/faults
}
for fault; do
  case $fault in
    reload-*) rmmod ringside_provoke && load "${fault#reload-}" ;;
    *) one "$fault" ;;
  esac
done
dmesg -n 1
[ -z "${RINGSIDE_ARMED:-}" ] || ringside oops status --json
[ ! -e /run/faults ] || sort /run/faults | uniq -c
