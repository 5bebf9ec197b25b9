# C++ objects in a Kbuild module: the kernel's own flags less those that are C's, with those of its
# sanitizers where it has any (Kbuild gives them to C objects one by one), compiled with the
# freestanding headers of g++, and passed through objtool like any C object. -g0: the BTF step of
# 6.12 stops at C++ DWARF. Cold halves stay with their functions: 6.1's objtool finds a parent by its
# mangled name, of 128 characters at most. Kernel headers are no C++ and are not on the path.
CXX := $(subst gcc,g++,$(CC))
ringside-c-only := -nostdinc -std=% -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wdeclaration-after-statement -Wno-pointer-sign -Wdesignated-init -Wmissing-declarations \
	-Werror=implicit-function-declaration -Werror=implicit-int -Werror=strict-prototypes \
	-Werror=designated-init -Werror=incompatible-pointer-types -Wenum-conversion \
	-Wno-override-init -Wno-old-style-declaration -Wno-stringop% -Wno-tautological-compare -g%
ringside-cxxflags = $(filter-out $(ringside-c-only),$(KBUILD_CFLAGS) $(KBUILD_CFLAGS_MODULE)) \
	$(CFLAGS_KASAN) $(CFLAGS_UBSAN) \
	-std=gnu++20 -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fcallgraph-info=su \
	-fno-asynchronous-unwind-tables -fno-reorder-blocks-and-partition \
	-Wextra -Wno-sign-compare $(if $(RINGSIDE_WERROR),-Werror) -g0 -I$(RINGSIDE_ROOT) -I$(RINGSIDE_ROOT)/include

quiet_cmd_cxx_o_cc = CXX [M]  $@
      cmd_cxx_o_cc = $(CXX) -Wp,-MMD,$(depfile) $(ringside-cxxflags) -c -o $@ $< $(cmd_objtool)

$(obj)/%.o: $(obj)/%.cc FORCE
	$(call if_changed_dep,cxx_o_cc)
