turnstone_tests(schemas
  files
)
target_sources(test_schemas PRIVATE schemas/definitions.cpp)

add_test(NAME schemas.check COMMAND ${CMAKE_CURRENT_LIST_DIR}/check.sh ${PROJECT_SOURCE_DIR}
                                    $<TARGET_FILE_DIR:test_schemas>)
set_tests_properties(schemas.check PROPERTIES SKIP_REGULAR_EXPRESSION "^SKIPPED: ")
