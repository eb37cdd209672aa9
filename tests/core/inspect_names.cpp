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
