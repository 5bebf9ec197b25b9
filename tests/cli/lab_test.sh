# ringside lab as its users call it: options seen from inside a guest, and guests that fail while
# nobody looks. Everything that leaves its guest whole shares one boot.
. "$(dirname "$0")/tap.sh"

if [ -z "$(image_of 6.12)" ]; then
  skip "what guests see" "kernel 6.12 is not in the cache: ringside lab fetch 6.12"
  finish
fi

# An agent that is not ours.
mkdir "$scratch/bin"
printf '#!/bin/sh\nexec python3 "%s" "$@"\n' "$source/tests/cli/fake_qemu.py" \
  >"$scratch/bin/qemu-system-x86_64"
chmod +x "$scratch/bin/qemu-system-x86_64"
fake_lab() { capture timeout 60 env PATH="$scratch/bin:$PATH" "$ringside" lab run --kernel 6.12 "$@" -- true; }
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
capture timeout 120 "$ringside" lab run --kernel 6.12 --accel tcg --network -- ls /sys/class/net
is "--network brings an interface" eval 'ended 0 && out_has "^eth0$"'

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
is "and is charged to no command" eval '[ "$(grep -c "^ringside lab: exit 0$" "$scratch/err")" -eq 2 ] &&
  ! err_has "^ringside lab: panic 121"'
is "a time limit in mid-session says so" err_has '^ringside lab: timeout: the time limit was reached$'
finish
