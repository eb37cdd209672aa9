# Compiles refused.cpp and looks for every message it expects.
# -DCOMPILER=… -DNO_LIMIT=flag -DSOURCE=file -DINCLUDE=folder
file(STRINGS ${SOURCE} lines REGEX "// EXPECT ")
execute_process(
  COMMAND ${COMPILER} -std=c++20 -fsyntax-only ${NO_LIMIT} -I${INCLUDE} ${SOURCE}
  RESULT_VARIABLE failed ERROR_VARIABLE output OUTPUT_VARIABLE output)
if(failed EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles")
endif()
set(missing)
foreach(line IN LISTS lines)
  string(REGEX REPLACE ".*// EXPECT (.*)" "\\1" expected "${line}")
  string(FIND "${output}" "${expected}" at)
  if(at EQUAL -1)
    string(APPEND missing "\n  ${expected}")
  endif()
endforeach()
if(missing)
  message(FATAL_ERROR "not said by the compiler:${missing}\n\nIt said:\n${output}")
endif()
