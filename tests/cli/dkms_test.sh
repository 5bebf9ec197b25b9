# Our modules as DKMS builds them from packaging/dkms, and loaded by plain insmod.
. "$(dirname "$0")/tap.sh"

command -v dkms >/dev/null || {
  skip "modules by DKMS" "no dkms here: apt-get install dkms"
  finish
}
tree=$scratch/dkms.tree
dkms_here() { dkms "$@" --sourcetree "$scratch" --dkmstree "$tree"; }
mkdir "$tree"
is "the source is added" eval 'capture "$source/packaging/dkms/make-source" "$scratch/ringside" &&
  ended 0 && capture dkms_here add "$scratch/ringside" && ended 0'
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$scratch/ringside/dkms.conf")
builds() { # KERNEL
  capture dkms_here build "ringside/$version" -k "$(release_of "$1")" \
    --kernelsourcedir "$(headers_of "$1")"
  ended 0
}
takes_a_load() { # KERNEL
  for name in loader oops; do
    find "$tree/ringside/$version/$(release_of "$1")" -name ringside_$name.ko \
      -exec cp '{}' "$build/dkms-$name.ko" ';' # guests have a /tmp of their own
  done
  capture "$ringside" lab run --kernel "$1" -- sh -c 'insmod "$0/dkms-loader.ko" &&
    insmod "$0/dkms-oops.ko" && ringside load loop --placement=user && ringside list &&
    ringside oops arm' "$build"
  ended 0 && out_has '^loop .*user' && out_has '^armed  *yes'
}
for kernel in 6.1 6.12; do
  if [ -z "$(image_of $kernel)" ]; then
    skip "modules by DKMS on $kernel" "not in the cache: ringside lab fetch $kernel"
    continue
  fi
  is "$kernel: built" builds $kernel
  is "$kernel: loaded by insmod, a load taken, traces hooked" takes_a_load $kernel
done
finish
