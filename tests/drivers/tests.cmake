turnstone_tests(drivers
  postgresql_connection
  postgresql_dialect
  postgresql_introspect
  postgresql_legalize
  postgresql_render
)
