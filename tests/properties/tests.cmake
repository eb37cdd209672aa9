turnstone_tests(properties
  histories
)
