#!/bin/sh
# In a guest, as root: both placements say the same of the same bytes. guest.sh BUILD
set -eu
build=$1
insmod "$build/modules/$(uname -r)/specimen.ko"
status=0
for size in 0 1 4095 4096 4097 100000; do
  head -c $size /dev/urandom >/tmp/bytes
  user=$("$build/specimen" /tmp/bytes)
  kernel=$("$build/specimen" --placement=kernel /tmp/bytes)
  if [ "$user" = "$kernel" ]; then
    echo "ok $size bytes"
  else
    echo "not ok $size bytes: $user here, $kernel in the kernel"
    status=1
  fi
done
rmmod specimen
exit $status
