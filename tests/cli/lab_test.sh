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

# A guest that panics while its session waits for a line; nothing ends the session's stdin.
mkfifo "$scratch/lines"
exec 3<>"$scratch/lines"
cat >&3 <<'END'
(sleep 3; echo c >/proc/sysrq-trigger) & echo bg
END
timeout 120 "$ringside" lab session --kernel 6.12 --accel tcg --status-file "$scratch/session.json" \
  <"$scratch/lines" >"$scratch/out" 2>"$scratch/err"
status=$?
exec 3>&-
panics_between_commands() {
  ended 121 && out_has '^bg$' && err_has '^ringside lab: panic: Kernel panic - not syncing: sysrq' &&
    err_has sysrq_handle_crash && grep -q '"outcome":"panic"' "$scratch/session.json"
}
is "a panic between two commands ends the session with 121" panics_between_commands
is "and is charged to no command" eval '[ "$(grep -c "^ringside lab: exit 0$" "$scratch/err")" -eq 1 ] &&
  ! err_has "^ringside lab: panic 121"'
finish
