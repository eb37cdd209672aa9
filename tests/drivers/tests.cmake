turnstone_tests(drivers
  postgresql_connection
  postgresql_dialect
)
