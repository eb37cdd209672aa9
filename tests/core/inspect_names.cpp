#include "schema/inspect_names.h"

#include <doctest/doctest.h>
#include <turnstone/schema/spelling.h>

using namespace turnstone;

TEST_CASE("columns get names of fields by Django's rules") {
  struct Case {
    const char* column;
    bool relation;
    const char* field;
  };
  const Case cases[] = {{"title", false, "title"},
                        {"author_id", true, "author"},
                        {"author_id", false, "author_id"},
                        {"_id", true, "field_id"},
                        {"Unit Price", false, "unit_price"},
                        {"__secret__", false, "field_secret_field"},
                        {"a--b", false, "a_b"},
                        {"class", false, "class_field"},
                        {"order", false, "order"},
                        {"pk", false, "pk_field"},
                        {"2nd", false, "number_2nd"},
                        {"Größe", false, "groesse"},
                        {"имя", false, "field_field"},
                        {"say \"hi\"", false, "say_hi_field"},
                        {"taken", false, "taken_1"}};
  for (const Case& c : cases) {
    CAPTURE(c.column);
    CHECK(field_name_for(c.column, c.relation, {"taken"}) == c.field);
  }
}

TEST_CASE("tables get names of models that people would choose") {
  struct Case {
    const char* table;
    const char* model;
  };
  const Case cases[] = {{"blog_book", "Book"},
                        {"order_lines", "OrderLines"},
                        {"OrderLines", "OrderLines"},
                        {"ORDERS", "Orders"},
                        {"2nd table", "Table2ndTable"},
                        {"select", "Select"},
                        {"shop.order", "Order"},
                        {"taken", "Taken1"},
                        {"Übung", "Uebung"},
                        {"\"", "Table"}};
  for (const Case& c : cases) {
    CAPTURE(c.table);
    CHECK(model_name_for(c.table, "blog", {"taken"}) == c.model);
  }
}

TEST_CASE("SQL in one spelling") {
  struct Case {
    const char* sql;
    const char* plain;
  };
  const Case cases[] = {
      {"((\"price\" > 0))", "price > 0"},           {"(a) and (b)", "(a) and(b)"},
      {"\"Price\">=0", "\"Price\" >= 0"},           {"LOWER( name )  -- why", "lower(name)"},
      {"name != 'It''s  A'", "name <> 'It''s  A'"}, {"/* no */ x::TEXT", "x::text"}};
  for (const Case& c : cases) {
    CAPTURE(c.sql);
    CHECK(plain_sql(c.sql) == c.plain);
  }
  CHECK(plain_sql("[Price] + `Tax`", Quotes::sqlite) == "price + tax");
}

TEST_CASE("SQLite keeps parentheses, and only those that say something count") {
  struct Case {
    const char* sql;
    const char* plain;
  };
  const Case cases[] = {
      {"(a > 1) AND (b < (2))", "a > 1 and b < 2"},
      {"((a = 1 AND b = 2) AND c) OR (d AND e)", "a = 1 and b = 2 and c or d and e"},
      {"(a OR b) AND c", "(a or b) and c"},
      {"a OR (b OR (c))", "a or b or c"},
      {"NOT (a AND b)", "not(a and b)"},
      {"NOT (a) AND (NOT b)", "not a and not b"},
      {"a BETWEEN 1 AND (2)", "a between 1 and 2"},
      {"a BETWEEN 1 AND (b = 2)", "a between 1 and(b = 2)"},
      {"(a + b) * c", "(a + b) * c"},
      {"(a, b) IN ((1, 2))", "(a, b) in((1, 2))"},
      {"lower((a)) IN ((1), 2)", "lower(a) in(1, 2)"},
      {"(SELECT 1) AND (CASE WHEN a THEN b END)", "(select 1) and(case when a then b end)"},
      {"(a = 1) = (b AND c)", "(a = 1) = (b and c)"},
      {"SELECT x FROM t WHERE (a = 1) AND b", "select x from t where a = 1 and b"},
      {"(a", "(a"}};
  for (const Case& c : cases) {
    CAPTURE(c.sql);
    CHECK(plain_sql(c.sql, Quotes::sqlite) == c.plain);
  }
}
