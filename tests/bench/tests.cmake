# Built with everything, run by hand: tests/bench/README.md.
add_executable(turnstone_bench bench/bench.cpp bench/catalogue.cpp bench/measure.cpp bench/project.cpp)
target_link_libraries(turnstone_bench PRIVATE turnstone::cli turnstone_json turnstone_build_flags)
