# Built with everything, run by hand: tests/bench/README.md.
add_executable(turnstone_bench bench/bench.cpp bench/catalogue.cpp bench/measure.cpp bench/project.cpp)
target_link_libraries(turnstone_bench PRIVATE turnstone::cli turnstone_json turnstone_build_flags)

# The ORM against the C libraries.
if(TURNSTONE_SQLITE AND TURNSTONE_POSTGRES)
  find_package(SQLite3 REQUIRED)
  find_package(PostgreSQL REQUIRED)
  add_executable(turnstone_bench_orm bench/measure.cpp bench/orm.cpp bench/orm_postgresql.cpp
                                     bench/orm_sqlite.cpp bench/orm_work.cpp)
  target_link_libraries(turnstone_bench_orm PRIVATE turnstone::cli turnstone_build_flags
                                                    SQLite::SQLite3 PostgreSQL::PostgreSQL)
  target_compile_definitions(turnstone_bench_orm PRIVATE
    TURNSTONE_BENCH_RIVALS="${CMAKE_CURRENT_LIST_DIR}/rivals.py")
  # Each library by hand in a file of its own, with names of its own.
  set_target_properties(turnstone_bench_orm PROPERTIES UNITY_BUILD OFF)
endif()
