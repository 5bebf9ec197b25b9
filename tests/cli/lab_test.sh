# ringside lab as its users call it: options seen from inside a guest, and guests that fail while
# nobody looks. Everything that leaves its guest whole shares one boot.
. "$(dirname "$0")/tap.sh"

help_says_where() {
  capture "$ringside" lab run --help
  out_has '^Usage: ringside lab run \[OPTIONS\] -- COMMAND \[ARGUMENTS\.\.\.\]$'
}
is "the usage line of lab run has the command" help_says_where
refused() { # STATUS WORDS COMMAND...: one line with these words
  expected=$1 words=$2
  shift 2
  capture timeout 60 "$ringside" lab "$@"
  ended "$expected" && one_line && err_has "$words"
}
is "an unknown command is named" refused 64 "no command 'nonsense'; try: " nonsense
echo text >"$scratch/text"
is "a text file as kernel: what is needed" \
  refused 125 "$scratch/text: .*a bzImage is needed" run --kernel "$scratch/text" -- true

if [ -z "$(image_of 6.12)" ]; then
  skip "what guests see" "kernel 6.12 is not in the cache: ringside lab fetch 6.12"
  finish
fi

is "an unknown device: where they are listed" refused 125 "'nosuch'.*-device help lists" \
  run --kernel 6.12 --accel tcg --device nosuch -- true

# An agent that is not ours.
mkdir "$scratch/bin"
printf '#!/bin/sh\nexec python3 "%s" "$@"\n' "$source/tests/cli/fake_qemu.py" \
  >"$scratch/bin/qemu-system-x86_64"
chmod +x "$scratch/bin/qemu-system-x86_64"
fake_lab() { # OPTIONS...
  capture timeout 60 env PATH="$scratch/bin:$PATH" "$ringside" lab run --kernel 6.12 "$@" -- true
}
wrong_exit() {
  fake_lab --accel tcg
  ended 125 && one_line && err_has "^ringside lab: the agent's messages: .* in exit: "
}
is "an exit message that is cut: 125, not a wait without end" wrong_exit

# A KVM on which QEMU ends: asked once, and remembered with QEMU's own words.
remembers_no_kvm() {
  for time in first second; do
    fake_lab --accel auto && ended 125 || return 1  # the fake again, on TCG
  done
  [ "$(lines_of probes)" -eq 1 ] && grep -q '"kvm": false' "$XDG_CACHE_HOME/ringside/accel.json" &&
    grep -q '"reason": ".*failed to set MSR' "$XDG_CACHE_HOME/ringside/accel.json"
}
if [ -w /dev/kvm ] && [ -r /dev/kvm ]; then
  mkdir -p "$scratch/cache/ringside"
  ln -s "${XDG_CACHE_HOME:-$HOME/.cache}/ringside/kernels" "$scratch/cache/ringside/kernels"
  is "a KVM on which QEMU ends is remembered, and not asked again" eval \
    '(export XDG_CACHE_HOME="$scratch/cache" FAKE_QEMU=no-kvm FAKE_QEMU_LOG="$scratch/probes"
      remembers_no_kvm)'
else
  skip "a KVM on which QEMU ends" "no /dev/kvm that this user may open"
fi

# A guest with everything that can be asked for.
newc() { # an archive of one file, NAME of one letter, that holds four letters
  printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\0%s' \
    1 33188 0 0 1 0 4 0 0 0 0 2 0 "$1" "$2"
}
printf 'host' >"$scratch/disk"
truncate -s 1M "$scratch/disk"
printf 'bare' >"$scratch/drive"
truncate -s 1M "$scratch/drive"
newc b mine >"$scratch/initrd"
cat >"$scratch/inside" <<'END'
head -c 4 /dev/vda; echo " on the disk"
printf guest | dd of=/dev/vda conv=notrunc,fsync 2>/dev/null
echo "$(cat /run/initramfs/b) from the initrd"
grep -o ' ringside=test .*' /proc/cmdline
ls /sys/class/net
modprobe -a virtio_scsi sd_mod
until [ -e /dev/sda ]; do sleep 0.1; done
echo "$(head -c 4 /dev/sda) on the drive"
grep -l 0x0004 /sys/bus/virtio/devices/*/device >/dev/null && echo entropy
echo 0 >/proc/sys/kernel/unknown_nmi_panic
echo >/run/ringside-nmi
until dmesg | grep -q 'NMI received'; do sleep 0.1; done
echo "an NMI"
exit 7
END
timeout 120 "$ringside" lab run --kernel 6.12 --accel tcg --timeout 60 --disk "$scratch/disk" --nmi \
  --network --device virtio-rng-pci --device virtio-scsi-pci --drive "if=none,id=a,format=raw,file=$scratch/drive" \
  --device scsi-hd,drive=a --initrd "$scratch/initrd" --append 'ringside=test x=y' \
  --console "$scratch/console" --status-file "$scratch/run.json" -- sh \
  <"$scratch/inside" >"$scratch/out" 2>"$scratch/err"
status=$?
disk_both_ways() { out_has '^host on the disk$' && [ "$(head -c 5 "$scratch/disk")" = guest ]; }
nmi_on_request() { out_has '^an NMI$' && grep -q 'NMI received' "$scratch/console"; }
tells_the_end() {
  for field in '"outcome":"exit"' '"status":7' '"signal":0' '"version":1' '"kernel":"6.12"' \
    '"release":"6\.12\.'; do
    grep -q "$field" "$scratch/run.json" || return 1
  done
}
is "--disk is read and written" disk_both_ways
is "--initrd is seen" out_has '^mine from the initrd$'
is "--append reaches the kernel" out_has ' ringside=test x=y'
is "--network brings an interface" out_has '^eth0$'
is "--device brings a device" out_has '^entropy$'
is "--drive brings a device's disk" out_has '^bare on the drive$'
is "--nmi: a command gets one, and --console has its report" nmi_on_request
is "--status-file tells the end" tells_the_end

# No network unless asked; a command that is too slow; a guest that panics while its session waits
# for a line, which nothing ends.
mkfifo "$scratch/lines"
exec 3<>"$scratch/lines"
cat >&3 <<'END'
ls /sys/class/net
sleep 100
(sleep 3; echo c >/proc/sysrq-trigger) & echo bg
END
timeout 120 "$ringside" lab session --kernel 6.12 --accel tcg --timeout 2 \
  --status-file "$scratch/session.json" <"$scratch/lines" >"$scratch/out" 2>"$scratch/err"
status=$?
exec 3>&-
panics_between_commands() {
  ended 121 && out_has '^bg$' && err_has '^ringside lab: panic: Kernel panic - not syncing: sysrq' &&
    err_has sysrq_handle_crash && grep -q '"outcome":"panic"' "$scratch/session.json"
}
is "without --network there is none" eval 'out_has "^lo$" && ! out_has "^e"'
is "a panic between two commands ends the session with 121" panics_between_commands
charged_to_none() {
  [ "$(grep -c '^ringside lab: exit 0$' "$scratch/err")" -eq 2 ] &&
    ! err_has '^ringside lab: panic 121'
}
is "and is charged to no command" charged_to_none
is "a time limit in mid-session says so" \
  err_has '^ringside lab: timeout: the time limit was reached$'
finish
