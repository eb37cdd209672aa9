turnstone_tests(properties
  branches
  histories
  inspections
  optimized_lists
  squashes
  scripts
)
