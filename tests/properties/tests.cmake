turnstone_tests(properties
  branches
  histories
  optimized_lists
  squashes
  scripts
)
