turnstone_tests(orm
  bulk
  connections
  kill
  queries
  random_queries
  readme
  relations
  rows
  session
  soak
  transactions
)
target_sources(test_orm PRIVATE orm/library.cpp)
