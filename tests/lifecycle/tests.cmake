turnstone_tests(lifecycle
  operations
)
