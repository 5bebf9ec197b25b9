# bash completion of ringside. Options, values and subcommands come from the command's own --help,
# so they cannot drift; kernels from `ringside lab list`.
_ringside_help() { # COMMAND-WORDS...: its subcommands or commands, one a line
  "$@" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  *[^ ].*/\1/p'
}

# The services that `ringside verdict --help` names, a line each.
_ringside_services() {
  "$1" verdict --help 2>/dev/null | sed -n 's/^ *SERVICE TEXT *\(.*\), or a folder.*/\1/p' | tr -d ,
}

_ringside() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local -a command=("${COMP_WORDS[0]}")
  local word help
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [ "$word" = -- ] && { compopt -o default; return; }  # lab run -- COMMAND
  done
  [ "$COMP_CWORD" -gt 1 ] && command+=("${COMP_WORDS[1]}")
  [ "$COMP_CWORD" -gt 2 ] && case ${COMP_WORDS[1]}/${COMP_WORDS[2]} in
    lab/* | channel/* | firmware/serve | oops/arm | oops/disarm | oops/status | oops/last | \
      oops/index | oops/filter)
      command+=("${COMP_WORDS[2]}") ;;
  esac

  if [ "${prev#--}" = kernel ] || [ "$prev" = -k ] ||
    { [ "${cur#-}" = "$cur" ] && [ "$prev" = kimage ]; }; then
    mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" lab list 2>/dev/null | cut -f1)" -- "$cur")
    compopt -o default
  elif [ "${cur#-}" != "$cur" ]; then
    help=$("${command[@]}" --help 2>/dev/null | grep -Eo '^ +(-[a-z],)?--[a-z-]+' | grep -o -- '--.*')
    mapfile -t COMPREPLY < <(compgen -W "$help" -- "$cur")
  elif [ "${prev#--}" != "$prev" ] &&
    help=$("${command[@]}" --help 2>/dev/null | sed -n "s/^ .*$prev [A-Z]*:{\\([^}]*\\)}.*/\\1/p") &&
    [ -n "$help" ]; then
    mapfile -t COMPREPLY < <(compgen -W "${help//,/ }" -- "$cur")
  elif [ "$COMP_CWORD" -eq 1 ] || {
    [ "$COMP_CWORD" -eq 2 ] && case ${COMP_WORDS[1]} in lab | channel | firmware) ;; *) false ;; esac
  }; then
    mapfile -t COMPREPLY < <(compgen -W "$(_ringside_help "${command[@]}")" -- "$cur")
  elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = verdict ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_ringside_services "${COMP_WORDS[0]}")" -- "$cur")
    compopt -o default
  elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = oops ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_ringside_help "${command[@]}")" -- "$cur")
    compopt -o default
  else
    compopt -o default
  fi
}
complete -F _ringside ringside
