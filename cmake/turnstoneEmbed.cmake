# Writes OUTPUT, a C++ source with the files of FOLDERS (`label=folder;…`); see
# turnstone_embed_migrations.
cmake_minimum_required(VERSION 3.25)

set(entries)
foreach(item IN LISTS FOLDERS)
  string(FIND "${item}" "=" at)
  string(SUBSTRING "${item}" 0 ${at} label)
  math(EXPR at "${at} + 1")
  string(SUBSTRING "${item}" ${at} -1 folder)
  file(GLOB_RECURSE files RELATIVE "${folder}" "${folder}/*")
  list(SORT files)
  foreach(file IN LISTS files)
    if(file STREQUAL "snapshot.json" OR file MATCHES "(^|/)[._~]")
      continue()
    endif()
    # Hexadecimal digits come through CMake whatever the file holds; string literals have a limit.
    file(READ "${folder}/${file}" hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${hex}")
    string(LENGTH "${hex}" size)
    math(EXPR size "${size} / 2")
    string(REPEAT "." 64 sixteen_bytes)
    string(REGEX REPLACE "(${sixteen_bytes})" "\\1\"\n     \"" text "${text}")
    set(text "\"${text}\"")
    string(APPEND entries "    {\"${label}\", \"${file}\",\n     {${text}, ${size}}},\n")
  endforeach()
endforeach()

file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT
"// Written by turnstone_embed_migrations.
#include <turnstone/migrator.h>

namespace turnstone {

const std::vector<EmbeddedFile>& embedded_migrations() {
  static const std::vector<EmbeddedFile> files = {
@entries@  };
  return files;
}

}  // namespace turnstone
")
