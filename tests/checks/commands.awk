# Prints one shell command for every source of a compile_commands.json as CMake writes it (one key a
# line) whose path begins with `root`, each source once: the command it was compiled by, where
#   compiler  if set, replaces the C++ compiler (C: the same without a trailing ++)
#   flags     replaces `-o OBJECT`; @ in it stands for the source's path under root, with - for /
/^ *"command": "/ {
  command = $0
  sub(/^ *"command": "/, "", command)
  sub(/",? *$/, "", command)
  gsub(/\\"/, "\"", command)
  gsub(/\\\\/, "\\", command)
}
/^ *"file": "/ {
  file = $0
  sub(/^ *"file": "/, "", file)
  sub(/",? *$/, "", file)
  if (index(file, root) != 1 || file in done) next
  done[file] = 1
  stem = substr(file, length(root) + 1)
  gsub(/\//, "-", stem)
  sub(/\.[a-z]*$/, "", stem)
  given = flags
  gsub(/@/, stem, given)
  sub(/ -o [^ ]+/, " " given, command)
  if (compiler != "") {
    driver = compiler
    if (file ~ /\.c$/) sub(/\+\+$/, "", driver)
    sub(/^[^ ]+/, driver, command)
  }
  print command
}
