# What `cmake --install` puts where. Everything finds its neighbours from its own place, so a tree
# may be installed under one prefix (or DESTDIR) and moved to another. Included last, from the top.
include(CMakePackageConfigHelpers)
set(PACKAGING ${CMAKE_SOURCE_DIR}/packaging)
set(CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/ringside)
set(PKGCONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The command looks for its agent in ../libexec/ringside (lab/initramfs.cc), wherever that is.
install(TARGETS ringside RUNTIME DESTINATION bin)
if(TARGET ringside-insmod)
  install(TARGETS ringside-insmod RUNTIME DESTINATION sbin)
endif()
install(TARGETS ringside-agent ringside-scan RUNTIME DESTINATION libexec/ringside)
install(TARGETS ringside_api EXPORT ringside LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/ringside DESTINATION include
        FILES_MATCHING PATTERN "*.h" PATTERN "*.hh")

install(EXPORT ringside NAMESPACE ringside:: FILE ringside-targets.cmake DESTINATION ${CMAKE_DIR})
configure_package_config_file(${PACKAGING}/ringside-config.cmake.in
  ${CMAKE_BINARY_DIR}/packaging/ringside-config.cmake INSTALL_DESTINATION ${CMAKE_DIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/packaging/ringside-config-version.cmake
  COMPATIBILITY SameMajorVersion)
file(RELATIVE_PATH PKGCONFIG_TO_PREFIX /${PKGCONFIG_DIR} /)
configure_file(${PACKAGING}/ringside.pc.in ${CMAKE_BINARY_DIR}/packaging/ringside.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/packaging/ringside-config.cmake
              ${CMAKE_BINARY_DIR}/packaging/ringside-config-version.cmake
        DESTINATION ${CMAKE_DIR})
install(FILES ${CMAKE_BINARY_DIR}/packaging/ringside.pc DESTINATION ${PKGCONFIG_DIR})

set(COMPLETIONS ${CMAKE_SOURCE_DIR}/completions)
install(FILES ${COMPLETIONS}/ringside.bash DESTINATION share/bash-completion/completions
        RENAME ringside)
install(FILES ${COMPLETIONS}/_ringside DESTINATION share/zsh/site-functions)
install(FILES ${COMPLETIONS}/ringside.fish DESTINATION share/fish/vendor_completions.d)

install(FILES ${PACKAGING}/systemd/ringside-oops.service
              ${PACKAGING}/systemd/ringside-firmware.service
              ${PACKAGING}/systemd/ringside-scan.service
        DESTINATION lib/systemd/system)

install(FILES ${CMAKE_SOURCE_DIR}/user/scsi/scsi-quirks DESTINATION share/ringside)
install(PROGRAMS ${PACKAGING}/initramfs/hook ${PACKAGING}/initramfs/boot
        DESTINATION share/ringside/initramfs)

install(FILES ${CMAKE_SOURCE_DIR}/COPYING DESTINATION share/doc/ringside)
foreach(DOCUMENT README.md DESIGN.md CONTRIBUTING.md CHANGELOG.md)
  install(FILES ${CMAKE_SOURCE_DIR}/${DOCUMENT} DESTINATION share/doc/ringside OPTIONAL)
endforeach()
# As in the source tree, so that the links between documents hold.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs ${CMAKE_SOURCE_DIR}/examples
        DESTINATION share/doc/ringside)

# What `ringside verdict` and `ringside new` use in place, where it is in the source tree.
set(IN_PLACE share/ringside)
install(FILES ${CMAKE_SOURCE_DIR}/verdict/services.json DESTINATION ${IN_PLACE}/verdict)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/verdict/measure ${CMAKE_SOURCE_DIR}/verdict/specimen
        DESTINATION ${IN_PLACE}/verdict USE_SOURCE_PERMISSIONS
        PATTERN __pycache__ EXCLUDE)
install(PROGRAMS ${CMAKE_SOURCE_DIR}/kernel/build ${CMAKE_SOURCE_DIR}/kernel/include-files
        DESTINATION ${IN_PLACE}/kernel)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/kernel/base DESTINATION ${IN_PLACE}/kernel)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/tests/verdict/fault DESTINATION ${IN_PLACE}/tests/verdict)
install(FILES ${CMAKE_SOURCE_DIR}/tests/verdict/garbage.c DESTINATION ${IN_PLACE}/tests/verdict)

# Man pages, where scdoc is installed.
find_program(SCDOC scdoc)
if(SCDOC)
  file(GLOB MAN_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/man/*.scd)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/man)
  foreach(SOURCE ${MAN_SOURCES})
    get_filename_component(PAGE ${SOURCE} NAME_WLE)
    add_custom_command(OUTPUT man/${PAGE} DEPENDS ${SOURCE} VERBATIM
      COMMAND sh -c "\"$0\" <\"$1\" >\"$2\"" ${SCDOC} ${SOURCE} ${CMAKE_BINARY_DIR}/man/${PAGE})
    list(APPEND MAN_PAGES ${CMAKE_BINARY_DIR}/man/${PAGE})
  endforeach()
  add_custom_target(man ALL DEPENDS ${MAN_PAGES})
  install(FILES ${MAN_PAGES} DESTINATION share/man/man1)
else()
  message(STATUS "scdoc is not installed: no man pages")
endif()
