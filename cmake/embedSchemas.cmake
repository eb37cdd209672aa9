# turnstone_embed_schemas(TARGET FILE…): compiles JSON Schemas into a target, for `schemas.h`.
function(turnstone_embed_schemas target)
  set(entries)
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    get_filename_component(name ${file} NAME_WE)
    # A string literal has a limit of 64 KiB; hexadecimal digits come through CMake unharmed.
    file(READ ${file} hex HEX)
    string(LENGTH "${hex}" length)
    set(pieces)
    foreach(at RANGE 0 ${length} 60000)
      string(SUBSTRING "${hex}" ${at} 60000 piece)
      string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," piece "${piece}")
      string(APPEND pieces "${piece}\n")
    endforeach()
    string(APPEND arrays "const char text_of_${name}[] = {${pieces}0};\n")
    string(APPEND entries "      {\"${name}\", text_of_${name}},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/schema_texts.cpp @ONLY CONTENT
"// Written by cmake/embedSchemas.cmake.
#include \"schemas.h\"

namespace turnstone::cli {
namespace {

@arrays@
}  // namespace

const std::vector<SchemaText>& schema_texts() {
  static const std::vector<SchemaText> texts = {
@entries@  };
  return texts;
}

}  // namespace turnstone::cli
")
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/schema_texts.cpp)
endfunction()
