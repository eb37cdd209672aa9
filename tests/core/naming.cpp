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
  const std::string digit_first = "9" + std::string(70, 'x');
  const std::string underscore_first = "_" + std::string(70, 'x');
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
      // Of a suffix no more is left than a third of what may be.
      {long_table.c_str(),
       {"column_one_is_long"},
       "_fk_t_averylong_table_name_with_many_chars_in_it_column_two_is_long",
       63,
       "t_averylong_table_na_column_one_is_long_3702e9b9_fk_t_averylo"},
      // No name begins with a digit or _; one that is not too long stays as it is.
      {digit_first.c_str(), {"a"}, "", 63, "D9xxxxxxxxxxxxxxxxxxxxxxxxx_a_e316677"},
      {underscore_first.c_str(), {"a"}, "", 63, "D_xxxxxxxxxxxxxxxxxxxxxxxxx_a_1502172"},
      {"_t", {"a"}, "", 63, "_t_a_a570e067"},
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
  struct Case {
    const char* table;
    std::vector<std::string> columns;
    const char* suffix;
    const char* expected;
  };
  const Case cases[] = {
      {"lab_allf", {"f_int", "-f_sm"}, "idx", "lab_allf_f_int_e00452_idx"},
      {"lab_allf", {"f_int"}, "idx", "lab_allf_f_int_b7c477_idx"},
      {"lab_allf", {"f_int"}, "btree", "lab_allf_f_int_352227_btree"},
      {"lab_allf", {"f_int"}, "hash", "lab_allf_f_int_f6f193_hash"},
      {"lab_allf", {"f_int"}, "gin", "lab_allf_f_int_2981c1_gin"},
      {"lab_allf", {"f_int"}, "gist", "lab_allf_f_int_b70382_gist"},
      {"lab_allf", {"f_int"}, "brin", "lab_allf_f_int_10dba1_brin"},
      {"lab_allf", {"f_int"}, "spgist", "lab_allf_f_int_6c1155_spgist"},
      {"lab_allf", {"f_int"}, "bloom", "lab_allf_f_int_498296_bloom"},
      // A first character that may not be is taken by D; the suffix stays whole.
      {"_hidden_table", {"-a_long_column"}, "idx", "Dhidden_tab_a_long__17d03c_idx"},
      {"1st_table", {"a"}, "idx", "Dst_table_a_9a01dd_idx"},
  };
  for (const Case& c : cases) {
    CHECK(declared_index_name(c.table, c.columns, c.suffix) == c.expected);
  }
}

TEST_CASE("a name too long is cut and keeps four digits of its digest") {
  const std::string table =
      "t_averylongmodelnamethatwilloverflowthesixtythreecharacterlimitofpostgres";
  const std::string cut = "t_averylongmodelnamethatwilloverflowthesixtythreecharacterl34f0";
  CHECK(truncated_name(table, 0) == table);
  CHECK(truncated_name("short", 63) == "short");
  CHECK(truncated_name(table, 63) == cut);
  CHECK(truncated_name(std::string(63, 'a'), 63) == std::string(63, 'a'));
  CHECK(truncated_table_name("shop." + table, 63) == "shop." + cut);
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
