# turnstone_tests(migrations file…)
