turnstone_tests(cli
  answers
  commands
  databases
  diagrams
  drift
  help
  inspectdb
  inspected_header
  json_output
  merge
  moves
  output
  passwords
  project
  prompt
  rebase
  retiresquash
  rows
  squashmigrations
  terminal
  vocabulary
  wrong_use
)
target_sources(test_cli PRIVATE cli/session.cpp)
target_include_directories(test_cli PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(test_cli PRIVATE TURNSTONE_EXECUTABLE="$<TARGET_FILE:turnstone>"
                           TURNSTONE_GOLDEN="${CMAKE_CURRENT_SOURCE_DIR}/golden")
target_link_libraries(test_cli PRIVATE util)
add_dependencies(test_cli turnstone)
