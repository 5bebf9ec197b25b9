# The man pages say what the program says: the same options, the same commands, the exit statuses
# of include/ringside/exit_status.hh; and completions offer them.
. "$(dirname "$0")/tap.sh"

# The options that `ringside WORDS... --help` lists, one a line.
options_of() {
  "$ringside" "$@" --help | sed -nE 's/^ +(-[a-z],)?(--[a-z-]+).*/\2/p'
}
# The options that the page's definitions (lines in bold) name.
options_in() { grep '^\*-' "$source/man/$1.1.scd" | grep -Eo -e '\*--[a-z-]+' | tr -d '*'; }
statuses_in() { # PAGE: the numbers that its EXIT STATUS section defines
  sed -n '/^# EXIT STATUS/,/^# E[^X]\|^# EXAMPLES/p' "$source/man/$1.1.scd" |
    sed -n 's/^\*\([0-9]*\)\*$/\1/p' | sort -n
}
statuses() {
  sed -n 's/^  k[A-Za-z]* = \([0-9]*\),.*/\1/p' "$source/include/ringside/exit_status.hh"
}
same() { # FILE FILE
  sort -u "$1" >"$1.sorted" && sort -u "$2" >"$2.sorted" && [ -s "$1" ] &&
    diff "$1.sorted" "$2.sorted" >"$scratch/out"
}

same_options() { # PAGE COMMAND...
  page=$1
  shift
  options_in "$page" >"$scratch/documented"
  for words in "$@"; do options_of $words; done >"$scratch/offered"
  same "$scratch/documented" "$scratch/offered"
}
is "ringside-ksyms(1) has the options of ksyms --help" same_options ringside-ksyms ksyms
is "ringside-scan(1) has the options of scan --help" same_options ringside-scan scan
is "ringside-kimage(1) has the options of kimage --help" same_options ringside-kimage kimage
is "ringside-oops(1) has the options of oops ... --help" \
  same_options ringside-oops oops "oops arm" "oops status" "oops last"
is "ringside-channel(1) has the options of channel ... --help" \
  same_options ringside-channel "channel list" "channel check" "channel bench" "channel advise"
is "ringside-html(1) has the options of html --help" same_options ringside-html html
is "ringside-firmware(1) has the options of firmware serve --help" \
  same_options ringside-firmware "firmware serve"
is "ringside-lab(1) has the options of lab ... --help" \
  same_options ringside-lab "lab run" "lab session" "lab fetch" "lab list"

for command in check link load unload list place verdict new doctor; do
  is "ringside-$command(1) has the options of $command --help" \
    same_options "ringside-$command" "$command"
done

insmod_options() {
  options_in ringside-insmod | grep -v -e --help >"$scratch/documented"
  "$build/ringside-insmod" --help | grep -o -e '\[--[a-z]*' | tr -d '[' >"$scratch/offered"
  same "$scratch/documented" "$scratch/offered"
}
is "ringside-insmod(1) has the options of its --help" insmod_options

same_commands() {
  sed -n '/^# COMMANDS/,/^# NAMES/s/^\*\([a-z]*\)\*$/\1/p' "$source/man/ringside.1.scd" \
    >"$scratch/documented"
  "$ringside" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' >"$scratch/offered"
  same "$scratch/documented" "$scratch/offered"
}
is "ringside(1) has the commands of ringside --help" same_commands

same_statuses() {
  statuses >"$scratch/defined"
  statuses_in ringside >"$scratch/documented"
  same "$scratch/defined" "$scratch/documented"
}
lab_statuses() {
  statuses | awk '$1 >= 120' >"$scratch/defined"
  statuses_in ringside-lab | awk '$1 >= 120' >"$scratch/documented"
  same "$scratch/defined" "$scratch/documented"
}
is "ringside(1) has every exit status of exit_status.hh" same_statuses
is "ringside-lab(1) has every one of the lab's" lab_statuses

if command -v scdoc >/dev/null; then
  for page in "$source"/man/*.scd; do
    name=$(basename "$page" .1.scd)
    is "$name(1) is well-formed" sh -c 'scdoc <"$1" >"$2/page" 2>"$2/err" && [ -s "$2/page" ]' \
      sh "$page" "$scratch"
  done
else
  skip "man pages are well-formed" "scdoc is not installed"
fi

# What bash offers for a line that is cut off at its end.
offers() { # WORDS...
  PATH=$build:$PATH bash -c '
    . "$0"; compopt() { :; }
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ringside; printf "%s\n" "${COMPREPLY[@]}"
  ' "$source/completions/ringside.bash" "$@" >"$scratch/offered" 2>"$scratch/err"
}
completes_options() {
  offers ringside lab run --
  options_of lab run >"$scratch/expected"
  same "$scratch/expected" "$scratch/offered"
}
completes_commands() {
  offers ringside ''
  "$ringside" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' >"$scratch/expected"
  same "$scratch/expected" "$scratch/offered"
}
completes_values() {
  offers ringside lab run --accel ''
  printf 'auto\nkvm\ntcg\n' >"$scratch/expected"
  same "$scratch/expected" "$scratch/offered"
}
completes_ways() {
  offers ringside html --in ''
  printf 'mmap\nread\nuring\n' >"$scratch/expected"
  same "$scratch/expected" "$scratch/offered"
}
completes_services() {
  offers ringside verdict ''
  services | sort >"$scratch/expected"
  same "$scratch/expected" "$scratch/offered"
}
services() { sed -n 's/^      "name": "\([a-z]*\)",$/\1/p' "$source/verdict/services.json"; }
completes_directions() {
  offers ringside channel advise --direction ''
  printf 'both\nevent\nto-kernel\nto-user\n' >"$scratch/expected"
  same "$scratch/expected" "$scratch/offered" && offers ringside channel bench --p &&
    echo --plot >"$scratch/expected" && same "$scratch/expected" "$scratch/offered"
}
completes_subcommands() {
  offers ringside lab s
  echo session >"$scratch/expected"
  same "$scratch/expected" "$scratch/offered"
}
completes_subcommands_of_oops() {
  offers ringside oops st
  echo status >"$scratch/expected"
  same "$scratch/expected" "$scratch/offered" && offers ringside oops arm --l &&
    echo --lines >"$scratch/expected" && same "$scratch/expected" "$scratch/offered"
}
is "bash completes commands" completes_commands
is "bash completes the lab's subcommands" completes_subcommands
is "bash completes those of oops, and their options" completes_subcommands_of_oops
is "bash completes options" completes_options
is "bash completes values of options" completes_values
is "bash completes the ways of html --in" completes_ways
is "bash completes the services of verdict" completes_services
is "bash completes channel's options, and the directions of advise" completes_directions
for shell in zsh fish; do
  file=$source/completions/ringside.$shell
  [ "$shell" = zsh ] && file=$source/completions/_ringside
  if command -v $shell >/dev/null; then
    is "$shell reads its completion" $shell -n "$file"
  else
    skip "$shell reads its completion" "$shell is not installed"
  fi
done
finish
