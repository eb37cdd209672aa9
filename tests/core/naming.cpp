#include <doctest/doctest.h>
#include <turnstone/schema/naming.h>

using namespace turnstone;

// The expected names come from Django 5.2 itself.
TEST_CASE("names of indexes and constraints are Django's") {
  struct Case {
    const char* table;
    std::vector<std::string> columns;
    const char* suffix;
    std::size_t max_bytes;
    const char* expected;
  };
  const std::string long_table = "t_averylong_table_name_with_many_chars_in_it";
  const std::vector<std::string> long_columns = {"column_one_is_long", "column_two_is_long"};
  const std::vector<Case> cases = {
      {"lab_allf", {"fk_id"}, "", 63, "lab_allf_fk_id_c6ae20c6"},
      {"lab_allf", {"fk_id"}, "_fk_lab_target_id", 63, "lab_allf_fk_id_c6ae20c6_fk_lab_target_id"},
      {"lab_allf", {"f_int", "f_sm"}, "_uniq", 63, "lab_allf_f_int_f_sm_d5276adf_uniq"},
      {"lab_allf_m2m",
       {"allf_id", "target_id"},
       "_uniq",
       63,
       "lab_allf_m2m_allf_id_target_id_352210e3_uniq"},
      {"lab_allf_m2m", {"allf_id"}, "", 63, "lab_allf_m2m_allf_id_1b678952"},
      {"t_m", {"f"}, "", 63, "t_m_f_154a9ca8"},
      {"t_m", {"f"}, "_like", 63, "t_m_f_154a9ca8_like"},
      {"t_m", {"f"}, "_uniq", 63, "t_m_f_154a9ca8_uniq"},
      {"t_m", {"f"}, "_check", 63, "t_m_f_154a9ca8_check"},
      {"t_m", {"f"}, "_check", 0, "t_m_f_154a9ca8_check"},
      {"t_m", {"a", "b"}, "_uniq", 63, "t_m_a_b_da1c18f7_uniq"},
      {"t_p", {"b"}, "_pk", 63, "t_p_b_1412e6ae_pk"},
      {long_table.c_str(), long_columns, "", 63,
       "t_averylong_table_name_wit_column_one_is_long_column__e9c90f18"},
      {long_table.c_str(), long_columns, "_uniq", 63,
       "t_averylong_table_name_w_column_one_is_long_colum_e9c90f18_uniq"},
      {long_table.c_str(), long_columns, "_fk_t_t_id", 63,
       "t_averylong_table_nam_column_one_is_long_co_e9c90f18_fk_t_t_id"},
      // No limit of the database: Django's own 200.
      {long_table.c_str(), long_columns, "_uniq", 0,
       "t_averylong_table_name_with_many_chars_in_it_column_one_is_long_column_two_is_long_"
       "e9c90f18_uniq"},
  };
  for (const Case& c : cases) {
    CHECK(index_name(c.table, c.columns, c.suffix, c.max_bytes) == c.expected);
  }
}

TEST_CASE("an index declared without a name gets Django's") {
  CHECK(declared_index_name("lab_allf", {"f_int", "-f_sm"}, "idx") == "lab_allf_f_int_e00452_idx");
}

TEST_CASE("a name too long is cut and keeps four digits of its digest") {
  const std::string table =
      "t_averylongmodelnamethatwilloverflowthesixtythreecharacterlimitofpostgresql";
  CHECK(truncated_name(table, 0) == table);
  CHECK(truncated_name("short", 63) == "short");
  CHECK(truncated_name(table, 63).size() == 63);
  CHECK(truncated_name(table, 63).starts_with(
      "t_averylongmodelnamethatwilloverflowthesixtythreecharacterl"));
  CHECK(truncated_name(std::string(63, 'a'), 63) == std::string(63, 'a'));
}

TEST_CASE("no name is cut inside a character") {
  std::string table = "t_";
  for (int i = 0; i < 40; ++i) table += "\u00e9";
  const std::string name = truncated_name(table, 63);
  CHECK(name.size() <= 63);
  CHECK(name.substr(0, name.size() - 4) == table.substr(0, name.size() - 4));
  CHECK((name.size() - 4) % 2 == 0);
}

TEST_CASE("a shortened name begins with a letter") {
  const std::string name = index_name("_" + std::string(70, 'x'), {"a"}, "", 63);
  CHECK(name.size() <= 63);
  CHECK(name.starts_with("D_x"));
}
