turnstone_tests(migrations
  advance
  describe
  naming
  optimizer
  script_text
)
