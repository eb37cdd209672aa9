turnstone_tests(properties
  histories
  optimized_lists
  squashes
)
