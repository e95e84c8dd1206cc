# cmake --install: the program, its man pages, a systemd unit, an example configuration and the licence.
include(GNUInstallDirs)
install(TARGETS turnout RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# Man pages come from the program's own help, so they cannot differ from it.
set(TN_MAN_DIR ${PROJECT_BINARY_DIR}/man)
add_custom_command(
  OUTPUT ${TN_MAN_DIR}/turnout.1
  COMMAND ${PROJECT_SOURCE_DIR}/tools/gen_man $<TARGET_FILE:turnout> ${TN_MAN_DIR}
  DEPENDS turnout ${PROJECT_SOURCE_DIR}/tools/gen_man
  COMMENT "man pages"
  VERBATIM)
add_custom_target(man ALL DEPENDS ${TN_MAN_DIR}/turnout.1)
install(DIRECTORY ${TN_MAN_DIR}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")

set(TN_SYSTEMD_UNIT_DIR lib/systemd/system CACHE STRING "where the systemd unit goes, below the prefix unless absolute")
# Written at install time: only then is the prefix known for sure (cmake --install --prefix).
install(CODE "
  set(TN_BINDIR \"${CMAKE_INSTALL_BINDIR}\")
  if(NOT IS_ABSOLUTE \"\${TN_BINDIR}\")
    set(TN_BINDIR \"\${CMAKE_INSTALL_PREFIX}/\${TN_BINDIR}\")
  endif()
  configure_file(\"${PROJECT_SOURCE_DIR}/tools/systemd/turnout.service.in\" \"${PROJECT_BINARY_DIR}/turnout.service\" @ONLY)")
install(FILES ${PROJECT_BINARY_DIR}/turnout.service DESTINATION ${TN_SYSTEMD_UNIT_DIR})

install(FILES ${PROJECT_SOURCE_DIR}/config/example.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CONTRIBUTING.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
