# What `cmake --install` puts where: libraries, public headers, the program, the CMake package.
include(CMakePackageConfigHelpers)

install(TARGETS turnstone_core turnstone_migrations turnstone_dialects turnstone_drivers turnstone_cli
        EXPORT turnstoneTargets)
install(TARGETS turnstone)
install(DIRECTORY core/include/ migrations/include/ drivers/include/ cli/include/
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY schemas DESTINATION ${CMAKE_INSTALL_DATADIR}/turnstone)

set(TURNSTONE_PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/turnstone)
install(EXPORT turnstoneTargets NAMESPACE turnstone:: DESTINATION ${TURNSTONE_PACKAGE_FOLDER})
configure_package_config_file(cmake/turnstoneConfig.cmake.in turnstoneConfig.cmake
                              INSTALL_DESTINATION ${TURNSTONE_PACKAGE_FOLDER})
write_basic_package_version_file(turnstoneConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/turnstoneConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/turnstoneConfigVersion.cmake
              cmake/turnstoneFunctions.cmake cmake/turnstoneEmbed.cmake cmake/FindGraphviz.cmake
        DESTINATION ${TURNSTONE_PACKAGE_FOLDER})
