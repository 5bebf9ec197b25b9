#!/bin/sh
# In the guest of tests/guest/armed: pstore.sh BUILD. A death is kept by ramoops in memory that the
# kernel leaves alone (memmap=1M$0x7000000), as over a restart: the module that keeps it is taken
# away and looks at that memory afresh. `ringside oops last` decodes it.
set -u
build=$1
modules=$build/modules/$(uname -r)
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
keep() {
  modprobe ramoops mem_address=0x7000000 mem_size=0x100000 record_size=0x4000 ecc=1 || exit 2
  mount -t pstore pstore /sys/fs/pstore || exit 2
}
modprobe reed_solomon
ringside oops last && exit 2 # nothing is there yet
keep
insmod "$modules/ringside_oops.ko" && insmod "$modules/ringside_provoke.ko" || exit 2
echo 0 >/proc/sys/kernel/ftrace_enabled # a kernel that cannot be armed: 2, not 1
ringside oops arm >/dev/null
[ $? -eq 2 ] || exit 2
echo 1 >/proc/sys/kernel/ftrace_enabled
ringside oops --debug "$modules" arm --lines >/dev/null 2>&1
[ $? -le 1 ] || exit 2
sh -c 'echo wild >/sys/kernel/debug/ringside-provoke'
umount /sys/fs/pstore && rmmod ramoops || exit 2
keep
exec ringside oops --only last
