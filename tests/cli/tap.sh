# Sourced by every tests/cli/NAME.sh as `. "$(dirname "$0")/tap.sh"`, with $1 the build directory.
# Sets $build, $ringside, $source (the repository), $scratch (removed at the end). Every case is one
# line `ok NAME - what`, `not ok NAME - what` or `ok NAME - what # SKIP reason`, on stdout and,
# where RINGSIDE_TEST_RESULTS is set, in NAME.tap there. A script ends with `finish`.
set -u
tap_name=$(basename "$0" .sh)
build=$(cd "${1:?usage: sh $0 BUILD_DIR}" && pwd) || exit 2
source=$(cd "$(dirname "$0")/../.." && pwd)
ringside=$build/ringside
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 129' HUP INT TERM
tap_failures=0
tap_file=${RINGSIDE_TEST_RESULTS:+$RINGSIDE_TEST_RESULTS/$tap_name.tap}
tap_file=${tap_file:-/dev/null}
[ "$tap_file" = /dev/null ] || : >"$tap_file"

tap_line() { printf '%s\n' "$*" | tee -a "$tap_file"; }
pass() { tap_line "ok $tap_name - $*"; }
fail() { # WHAT; what is known of it comes from $scratch/out and err of the last capture
  tap_line "not ok $tap_name - $*"
  tap_failures=$((tap_failures + 1))
  for stream in out err; do
    [ -s "$scratch/$stream" ] && head -5 "$scratch/$stream" | cut -c1-200 | sed "s/^/# $stream: /"
  done
  [ -z "${status:-}" ] || echo "# status: $status"
}
skip() { tap_line "ok $tap_name - $1 # SKIP $2"; }

# is WHAT COMMAND...: passes where COMMAND succeeds.
is() {
  tap_what=$1
  shift
  if "$@"; then pass "$tap_what"; else fail "$tap_what"; fi
}

# capture COMMAND...: runs it; $status, $scratch/out and $scratch/err tell what came of it.
capture() {
  "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
  status=$?
}

ended() { [ "$status" -eq "$1" ]; }                    # with that exit status
out_has() { grep -Eq -e "$1" "$scratch/out"; }         # a line that matches
err_has() { grep -Eq -e "$1" "$scratch/err"; }
lines_of() { wc -l <"$scratch/$1"; }
one_line() { [ "$(lines_of err)" -eq 1 ] && [ ! -s "$scratch/out" ]; } # of complaint, no output

# Of a KERNEL in the cache, or nothing.
image_of() { "$source/tests/kernel-of" "$ringside" "$1" image; }
release_of() { "$source/tests/kernel-of" "$ringside" "$1" release; }
headers_of() { "$source/tests/kernel-of" "$ringside" "$1" headers; }

finish() { [ "$tap_failures" -eq 0 ] && exit 0 || exit 1; }
