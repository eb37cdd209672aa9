# Installs Turnstone to a scratch prefix, then builds and runs a project that lies outside of the
# tree. -DSOURCE=tests/consumer -DBUILD=build tree -DSCRATCH=folder -DGENERATOR=… -DCOMPILER=…
# -DFLAGS=…
function(run expected)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
  string(REPLACE ";" " " words "${ARGN}")
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${words}: exit code ${code}\n${out}${err}")
  endif()
  string(FIND "${out}${err}" "${expected}" at)
  if(NOT expected STREQUAL "" AND at EQUAL -1)
    message(FATAL_ERROR "${words}: \"${expected}\" is not in\n${out}${err}")
  endif()
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
run("" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/prefix)
file(COPY ${SOURCE}/ DESTINATION ${SCRATCH}/project)
run("" ${CMAKE_COMMAND} -S ${SCRATCH}/project -B ${SCRATCH}/build -G ${GENERATOR}
    -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix -DCMAKE_CXX_COMPILER=${COMPILER}
    "-DCMAKE_CXX_FLAGS=${FLAGS}" -DCMAKE_BUILD_TYPE=Debug)
run("" ${CMAKE_COMMAND} --build ${SCRATCH}/build)

set(manage ${SCRATCH}/build/manage --project ${SCRATCH}/project)
run("No changes detected" ${manage} makemigrations --check)
run("pending: notes.0001_initial notes.0002_welcome\napplied: notes.0001_initial notes.0002_welcome\nleft: 0"
    ${SCRATCH}/build/program sqlite:///${SCRATCH}/notes.db)
run("applied:\nleft: 0" ${SCRATCH}/build/program sqlite:///${SCRATCH}/notes.db)
run("[X] 0002_welcome" ${manage} showmigrations --database sqlite:///${SCRATCH}/notes.db)
run("" ${manage} migrate notes zero --database sqlite:///${SCRATCH}/notes.db)
run("turnstone 0" ${SCRATCH}/prefix/bin/turnstone --version)
run("" ${CMAKE_COMMAND} -E compare_files ${SCRATCH}/prefix/share/turnstone/schemas/models.json
    ${SOURCE}/../../schemas/models.json)
