#!/bin/sh
# The tour's second guest: modules loaded from user space, a scan, a firmware, channels, a page.
# tour.sh BUILD DOCS
set -eu
build=$1 docs=$2
modules=$build/modules/$(uname -r)
step() { printf '\n== %s\n' "$*"; }

step "ext4 and all it needs, linked in user space and loaded"
insmod "$modules/ringside_loader.ko"
ringside load --placement=user ext4
ringside list

if [ -e "$modules/ringside_scsi.ko" ]; then
  step "64 LUNs scanned"
  modprobe scsi_debug max_luns=64 dev_size_mb=1
  ringside scan | tail -5
fi

step "a firmware served to a driver that asks"
mkdir -p /tmp/firmware
head -c 100000 /dev/urandom >/tmp/firmware/tour.bin
modprobe test_firmware
echo 1 >/proc/sys/kernel/firmware_config/force_sysfs_fallback
ringside firmware serve --dir /tmp/firmware &
server=$!
echo -n tour.bin >/sys/devices/virtual/misc/test_firmware/trigger_request
cmp /tmp/firmware/tour.bin /dev/test_firmware && echo "the driver has all 100,000 bytes"
kill $server
wait $server || true

step "channels: a thousand messages on each, and which one to choose"
insmod "$modules/ringside_channels.ko"
ringside channel check
ringside channel advise --size 64 --rate 1e6 --direction to-user \
  --from "$docs/results/channels.jsonl" | head -4

step "a page stripped, in user space and in the kernel"
insmod "$modules/ringside_html.ko"
page='<title>Ringside</title><h1>Which side?</h1><p>Measured, for every <b>service</b> &amp; kernel.'
echo "$page" >/tmp/page.html
ringside html /tmp/page.html
ringside html --placement=kernel /tmp/page.html
