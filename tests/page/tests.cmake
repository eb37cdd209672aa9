# The page of `schema --as html`, in a browser.
add_test(NAME page COMMAND ${CMAKE_CURRENT_LIST_DIR}/page.py $<TARGET_FILE:turnstone>)
set_tests_properties(page PROPERTIES SKIP_RETURN_CODE 77)
