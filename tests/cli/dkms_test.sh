# The loader's module as DKMS builds it from packaging/dkms, and loaded by plain insmod.
. "$(dirname "$0")/tap.sh"

command -v dkms >/dev/null || {
  skip "ringside_loader by DKMS" "no dkms here: apt-get install dkms"
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
  find "$tree/ringside/$version/$(release_of "$1")" -name ringside_loader.ko \
    -exec cp '{}' "$build/dkms-loader.ko" ';' # guests have a /tmp of their own
  capture "$ringside" lab run --kernel "$1" -- sh -c \
    'insmod "$0" && ringside load loop --placement=user && ringside list' "$build/dkms-loader.ko"
  ended 0 && out_has '^loop .*user'
}
for kernel in 6.1 6.12; do
  if [ -z "$(image_of $kernel)" ]; then
    skip "ringside_loader by DKMS on $kernel" "not in the cache: ringside lab fetch $kernel"
    continue
  fi
  is "$kernel: built" builds $kernel
  is "$kernel: loaded by insmod, and takes a load" takes_a_load $kernel
done
finish
