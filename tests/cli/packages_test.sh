# packaging/install-packages names what is missing and installs it by sudo where the caller is not
# root. sudo is a script of ours that only writes down how it was called.
. "$(dirname "$0")/tap.sh"
chmod 755 "$scratch"
mkdir -m 777 "$scratch/bin" "$scratch/called"
printf '#!/bin/sh\necho "$@" >>"%s"\n' "$scratch/called/sudo" >"$scratch/bin/sudo"
chmod 755 "$scratch/bin/sudo"
printf '# comment\nringside-is-no-package # and why\ndpkg\n' >"$scratch/missing"
echo dpkg >"$scratch/there"

as_nobody() { # PATH LIST: the script comes by stdin, so its folder need not be readable
  status=0
  set -- env PATH="$1" sh -s "$2"
  [ "$(id -u)" -ne 0 ] || set -- setpriv --reuid 65534 --clear-groups "$@"
  "$@" <"$source/packaging/install-packages" >"$scratch/out" 2>"$scratch/err" || status=$?
}
by_sudo() {
  as_nobody "$scratch/bin:$PATH" "$scratch/missing"
  ended 0 && err_has 'missing Debian packages: ringside-is-no-package$' &&
    grep -qx 'apt-get -q install -y --no-install-recommends ringside-is-no-package' \
      "$scratch/called/sudo"
}
nothing_missing() {
  rm -f "$scratch/called/sudo"
  as_nobody "$scratch/bin:$PATH" "$scratch/there"
  ended 0 && [ ! -s "$scratch/err" ] && [ ! -e "$scratch/called/sudo" ]
}
no_sudo() {
  mkdir "$scratch/few"
  for tool in sh cat sed grep id dpkg-query; do ln -s "$(command -v $tool)" "$scratch/few/"; done
  as_nobody "$scratch/few" "$scratch/missing"
  ended 2 && err_has 'no sudo; as root run: apt-get install ringside-is-no-package$'
}
is "not root: what is missing is installed by sudo" by_sudo
is "nothing is missing: nothing is said or asked for" nothing_missing
is "neither root nor sudo: status 2, and what to run" no_sudo
finish
