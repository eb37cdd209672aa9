turnstone_tests(migrations
  script_text
)
