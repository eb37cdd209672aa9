# turnstone_embed_texts(TARGET HEADER FUNCTION FILE…): compiles files into a target, where FUNCTION,
# which HEADER declares, gives them by the names they have before the point.
function(turnstone_embed_texts target header function)
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
      string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," piece "${piece}")
      string(APPEND pieces "${piece}\n")
    endforeach()
    string(APPEND arrays "const char text_of_${name}[] = {${pieces}0};\n")
    string(APPEND entries "      {\"${name}\", text_of_${name}},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp @ONLY CONTENT
"// Written by cmake/embedTexts.cmake.
#include \"@header@\"

namespace turnstone::cli {
namespace {

@arrays@
}  // namespace

const std::vector<EmbeddedText>& @function@() {
  static const std::vector<EmbeddedText> texts = {
@entries@  };
  return texts;
}

}  // namespace turnstone::cli
")
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
endfunction()
