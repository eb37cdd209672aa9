# turnstone_tests(properties file…)
