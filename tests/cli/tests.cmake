# turnstone_tests(cli file…)
