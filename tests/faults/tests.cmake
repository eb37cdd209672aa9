turnstone_tests(faults
  kill
  many_processes
)
