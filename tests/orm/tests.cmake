turnstone_tests(orm
  bulk
  kill
  queries
  random_queries
  readme
  rows
  session
  soak
  transactions
)
target_sources(test_orm PRIVATE orm/library.cpp)
