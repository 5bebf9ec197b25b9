# In the guest of tests/guest/initramfs: initramfs.sh BUILD KERNEL RESULTS
set -u
build=$1 kernel=$2 results=$3
tap=$results/initramfs-$kernel.tap
: >"$tap"
tree=/run/initramfs/usr/lib/modules
[ -d "$tree" ] || tree=/run/initramfs/lib/modules
mount --bind "$tree" /lib/modules
insmod "$build/modules/$(uname -r)/ringside_loader.ko"
loaded() { cut -d' ' -f1 /proc/modules | sort; }
loaded >/tmp/before
# What one of them has asked for while it was initialised holds on until that one is gone.
unload() {
  for round in 1 2 3 4 5; do
    for module in $(cut -d' ' -f1 /proc/modules); do
      grep -qx "$module" /tmp/before || rmmod "$module" 2>/dev/null
    done
  done
}
load() { # COMMAND...: with each module
  while read -r module; do "$@" "$module" 2>/dev/null; done </tmp/names
  loaded
}
find "/lib/modules/$(uname -r)" -name '*.ko*' | sed 's,.*/,,; s/\.ko.*//; y/-/_/' | sort >/tmp/names
load modprobe >/tmp/kmod
unload
loaded >/tmp/stay
status=0
say() { echo "$*" | tee -a "$tap"; }
count=$(comm -13 /tmp/before /tmp/kmod | wc -l)
relocated() { # PLACEMENT: how many modules by who is to, by the kernel's log; 50 where nobody tells
  case $1 in
    stock) echo 50 ;;
    user) dmesg | grep -c 'ringside-loader: .*: relocated by user space' ;;
    kernel) dmesg | grep -c 'ringside-loader: .*: relocated by our core' ;;
  esac
}
for placement in stock user kernel; do
  load "$build/ringside-insmod" --placement=$placement >/tmp/ours
  what="initramfs-$kernel - $placement: the $count modules that modprobe loads, of $(wc -l </tmp/names)"
  if [ "$count" -ge 50 ] && cmp -s /tmp/kmod /tmp/ours && [ "$(relocated $placement)" -ge 50 ]; then
    say "ok $what"
  else
    say "not ok $what"
    diff /tmp/kmod /tmp/ours | head -20
    status=1
  fi
  # What we placed is listed as such; hooks that were not to be had are the kernel's.
  listed=$("$build/ringside" list | awk -v placement="$placement" '$2 == placement' | wc -l)
  [ "$listed" -ge 50 ] && answer=ok || { answer="not ok" status=1; }
  say "$answer initramfs-$kernel - $placement: ringside list tells where 50 or more were placed"
  unload
done
exit $status
