# For projects that use Turnstone, in the tree and installed alike.
set(TURNSTONE_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/turnstoneEmbed.cmake"
    CACHE INTERNAL "writes migration files into a C++ source")

# turnstone_add_manage(TARGET APPS shop::app… [HEADERS shop.h…] [LINK shop…])
#
# An executable with the commands of Turnstone over the models of these apps. APPS are functions
# `turnstone::App f()`; HEADERS declare them; LINK are the targets that hold them.
function(turnstone_add_manage target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "APPS;HEADERS;LINK")
  if(NOT arg_APPS)
    message(FATAL_ERROR "turnstone_add_manage(${target}): APPS names no function")
  endif()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "turnstone_add_manage(${target}): unknown \"${arg_UNPARSED_ARGUMENTS}\"; "
                        "it takes APPS, HEADERS and LINK")
  endif()
  set(includes)
  foreach(header IN LISTS arg_HEADERS)
    string(APPEND includes "#include \"${header}\"\n")
  endforeach()
  string(REPLACE ";" ", " apps "${arg_APPS}")
  set(main "${CMAKE_CURRENT_BINARY_DIR}/${target}_main.cpp")
  file(CONFIGURE OUTPUT "${main}" @ONLY CONTENT
"// Written by turnstone_add_manage(@target@).
#include <turnstone/manage.h>

@includes@
int main(int argc, char** argv) { return turnstone::manage(argc, argv, {@apps@}); }
")
  add_executable(${target} "${main}")
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${arg_LINK} turnstone::turnstone)
endfunction()

# turnstone_embed_migrations(TARGET [LABEL=]FOLDER…)
#
# Puts the files of these folders of migrations into TARGET, where `turnstone::embedded_migrations()`
# gives them. The app of a folder is LABEL, else the name of the folder above it
# (`shop/migrations`). A changed or new file is taken in by the next build.
function(turnstone_embed_migrations target)
  if(NOT ARGN)
    message(FATAL_ERROR "turnstone_embed_migrations(${target}): no folder of migrations is given")
  endif()
  set(folders)
  set(inputs)
  foreach(item IN LISTS ARGN)
    if(item MATCHES "^([A-Za-z_][A-Za-z0-9_]*)=(.+)$")
      set(label "${CMAKE_MATCH_1}")
      set(folder "${CMAKE_MATCH_2}")
    else()
      set(label)
      set(folder "${item}")
    endif()
    cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    if(NOT IS_DIRECTORY "${folder}")
      message(FATAL_ERROR "turnstone_embed_migrations(${target}): there is no folder ${folder}")
    endif()
    if(NOT label)
      cmake_path(GET folder PARENT_PATH above)
      cmake_path(GET above FILENAME label)
    endif()
    file(GLOB_RECURSE files CONFIGURE_DEPENDS "${folder}/*")
    list(APPEND inputs ${files})
    list(APPEND folders "${label}=${folder}")
  endforeach()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${target}_migrations.cpp")
  add_custom_command(
    OUTPUT "${source}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${source}" "-DFOLDERS=${folders}"
            -P "${TURNSTONE_EMBED_SCRIPT}"
    DEPENDS ${inputs} "${TURNSTONE_EMBED_SCRIPT}"
    COMMENT "Embedding migrations into ${target}"
    VERBATIM)
  target_sources(${target} PRIVATE "${source}")
  target_link_libraries(${target} PRIVATE turnstone::turnstone)
endfunction()
