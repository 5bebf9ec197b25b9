# What a module takes the kernel's unexported functions for, as BTF in the module itself. A module
# that calls such functions has a needs.c: it includes what the module includes, and says
#
#   struct ringside_needs {
#     typeof(set_memory_x) *set_memory_x;
#     ...
#   } ringside_needs;
#
# and its Kbuild file includes this one and lists needs.o. The compiler writes the types of all that
# can be reached from there (-gbtf); code and data are dropped. The section's name is one that
# modpost and strip leave alone; it takes no memory in the kernel. user/modules/unexported.hh reads
# it before anything is bound.
quiet_cmd_needs_o_c = NEEDS   $@
      cmd_needs_o_c = $(CC) $(filter-out -g%,$(c_flags)) -gbtf -c -o $@ $< && \
	$(OBJCOPY) --strip-all --only-section=.BTF --rename-section .BTF=.comment.ringside.needs $@

$(obj)/needs.o: $(obj)/needs.c FORCE
	$(call if_changed_dep,needs_o_c)
