turnstone_tests(lifecycle
  indexes
  model_changes
  operations
  type_changes
  vocabulary
)
