# Finds the library of Graphviz that lays graphs out: Graphviz::gvc.
find_path(Graphviz_INCLUDE_DIR gvc.h PATH_SUFFIXES graphviz)
find_library(Graphviz_gvc_LIBRARY gvc)
find_library(Graphviz_cgraph_LIBRARY cgraph)
mark_as_advanced(Graphviz_INCLUDE_DIR Graphviz_gvc_LIBRARY Graphviz_cgraph_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Graphviz
  REQUIRED_VARS Graphviz_gvc_LIBRARY Graphviz_cgraph_LIBRARY Graphviz_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "Debian has it in libgraphviz-dev.")

if(Graphviz_FOUND AND NOT TARGET Graphviz::gvc)
  add_library(Graphviz::gvc INTERFACE IMPORTED)
  target_include_directories(Graphviz::gvc INTERFACE ${Graphviz_INCLUDE_DIR})
  set(libraries "${Graphviz_gvc_LIBRARY},${Graphviz_cgraph_LIBRARY}")
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    # A program that draws nothing starts without it.
    target_link_libraries(Graphviz::gvc INTERFACE
      "-Wl,--push-state,--as-needed,${libraries},--pop-state")
  else()
    target_link_libraries(Graphviz::gvc INTERFACE
      ${Graphviz_gvc_LIBRARY} ${Graphviz_cgraph_LIBRARY})
  endif()
endif()
