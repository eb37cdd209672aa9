turnstone_tests(lifecycle
  model_changes
  operations
  type_changes
  vocabulary
)
