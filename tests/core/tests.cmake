turnstone_tests(core
  persistent_map
)
