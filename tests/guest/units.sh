#!/bin/sh
# In a guest, for tests/guest/units: BUILD SOURCE IMAGE. systemd runs in a PID namespace of its own,
# because the lab's agent is the guest's first process.
set -eu
build=$1 source=$2 image=$3
release=$(uname -r)
cp "$build/ringside" "$build/scsi-quirks" /usr/local/bin/
cp "$image" "/boot/vmlinuz-$release"
mkdir -p "/lib/modules/$release/extra" /etc/systemd/system
cp "$build/modules/$release/ringside_oops.ko" "/lib/modules/$release/extra/"
modprobe -a scsi_debug sd_mod # a host that the kernel does not scan
# A small tree, and no debug information: all of them take minutes in an emulated guest.
mount -t tmpfs none "/lib/modules/$release/kernel"
mkdir -p /usr/lib/debug && mount -t tmpfs none /usr/lib/debug
depmod "$release"
cp "$source"/packaging/systemd/*.service /etc/systemd/system/
: >/etc/fstab
cat >/etc/systemd/system/check.service <<'UNIT'
[Unit]
After=basic.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh /run/check
StandardOutput=file:/run/check.out
StandardError=inherit
ExecStopPost=/bin/touch /run/check.done
UNIT
cat >/run/check <<'SCRIPT'
echo disks before: $(ls /sys/bus/scsi/devices/*/model 2>/dev/null)
systemctl start ringside-scan || systemctl status --no-pager ringside-scan
echo scan: $(systemctl is-active ringside-scan), $(cat /sys/bus/scsi/devices/*/model)
units='ringside-oops ringside-firmware'
systemctl start $units || systemctl status --no-pager $units
echo started: $(systemctl is-active $units)
ringside oops status --json
echo l >/proc/sysrq-trigger
dmesg | grep -q 'ringside.*Decoded Trace:' && echo decoded
echo fallback: $(cat /proc/sys/kernel/firmware_config/force_sysfs_fallback)
systemctl stop $units
echo stopped: $(systemctl is-active $units)
echo modules: $(grep -c ^ringside /proc/modules)
echo fallback then: $(cat /proc/sys/kernel/firmware_config/force_sysfs_fallback)
SCRIPT
unshare --pid --fork --mount --mount-proc sh -c 'mount -t cgroup2 none /sys/fs/cgroup
  container=lab exec /lib/systemd/systemd --system --unit=check.service --show-status=no' &
until [ -e /run/check.done ]; do sleep 0.2; done
cat /run/check.out
