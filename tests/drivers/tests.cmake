# turnstone_tests(drivers file…)
