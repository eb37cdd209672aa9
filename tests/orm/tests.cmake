turnstone_tests(orm
  rows
  session
  bulk
  queries
  transactions
)
target_sources(test_orm PRIVATE orm/library.cpp)
