# Whole sessions, as somebody types them.
foreach(name blog quickstart readme sql)
  add_test(NAME scripts.${name} COMMAND ${CMAKE_CURRENT_LIST_DIR}/${name}.sh $<TARGET_FILE:turnstone>)
endforeach()
add_test(NAME scripts.shop COMMAND ${CMAKE_CURRENT_LIST_DIR}/shop.sh $<TARGET_FILE:manage>)
add_test(NAME scripts.backoffice COMMAND ${CMAKE_CURRENT_LIST_DIR}/backoffice.sh $<TARGET_FILE:manage>
                                         $<TARGET_FILE:backoffice>)
