#include "json/model_json.h"

#include <doctest/doctest.h>
#include <turnstone/error.h>

#include <random>

#include "support/schema_cases.h"

using namespace turnstone;
using json::Attributes;
using json::Node;
using json::Tree;

namespace {

/// What reading `models.json` with this text says, without the file's name; empty when all is well.
std::string refusal(const std::string& text) {
  try {
    json::read_models("blog", "m", text);
    test::keep_schema_case("models", true, "accepted", text);
    return "";
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::bad_file);
    test::keep_schema_case("models", false, error.text(), text);
    return error.text();
  }
}
std::string model_refusal(const std::string& model) {
  return refusal("{\"models\": [" + model + "]}");
}
std::string field_refusal(const std::string& field) {
  return model_refusal("{\"name\": \"M\", \"fields\": [" + field + "]}");
}
std::string option_refusal(const std::string& options) {
  return model_refusal("{\"name\": \"M\", \"options\": {" + options + "}}");
}
/// `item` so many times, with commas.
std::string listed(const std::string& item, int times) {
  std::string text = item;
  for (int i = 1; i < times; ++i) text += ", " + item;
  return text;
}
std::string expression_refusal(const std::string& expression) {
  const Tree tree = json::parse("m", expression);
  try {
    json::read_expression(Node("m", tree), "blog");
    return "";
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::bad_file);
    return error.text();
  }
}

Field read_field(const std::string& text, Attributes attributes = Attributes::stored) {
  const Tree tree = json::parse("m", text);
  return json::read_field(Node("m", tree), "blog", attributes);
}

struct Case {
  std::string found{};
  std::string wanted{};
};

}  // namespace

TEST_CASE("broken model files are refused with place, reason and nearest name") {
  const Case cases[] = {
      {refusal("[]"), "expected an object, found an array (m: /)"},
      {refusal("{}"), "the key \"models\" is missing (m: /)"},
      {refusal(R"({"models": [], "model": []})"),
       "unknown key \"model\" (m: /); did you mean \"models\"?"},
      {refusal(R"({"models": {}})"), "expected an array, found an object (m: /models)"},
      {model_refusal("5"), "expected an object, found 5 (m: /models/0)"},
      {model_refusal("{}"), "the key \"name\" is missing (m: /models/0)"},
      {model_refusal(R"({"name": ""})"), "a name must not be empty (m: /models/0/name)"},
      {model_refusal(R"({"name": "M", "feilds": []})"),
       "unknown key \"feilds\" (m: /models/0); did you mean \"fields\"?"},
      {model_refusal(R"({"name": "M"}, {"name": "m"})"),
       "model \"m\" is there twice (m: /models/1/name)"},
      {model_refusal(R"({"name": "M", "bases": "Base"})"),
       "expected an array, found \"Base\" (m: /models/0/bases)"},
      {model_refusal(R"({"name": "M", "bases": [1]})"),
       "expected a text, found 1 (m: /models/0/bases/0)"},
      {field_refusal("\"title\""),
       "expected a field object, found \"title\" (m: /models/0/fields/0)"},
      {field_refusal(R"({"type": "TextField"})"),
       "the key \"name\" is missing (m: /models/0/fields/0)"},
      {field_refusal(R"({"name": "x"})"), "the key \"type\" is missing (m: /models/0/fields/0)"},
      {field_refusal(R"({"name": "x", "type": "Charfield"})"),
       "unknown field type \"Charfield\" (m: /models/0/fields/0/type); did you mean "
       "\"CharField\"?"},
      {field_refusal(R"({"name": "x", "type": "NullBooleanField"})"),
       "unknown field type \"NullBooleanField\" (m: /models/0/fields/0/type); Django gave it up "
       "for "
       "a BooleanField with \"null\": true"},
      {field_refusal(R"({"name": "x", "type": "IPAddressField"})"),
       "unknown field type \"IPAddressField\" (m: /models/0/fields/0/type); Django gave it up for "
       "GenericIPAddressField"},
      {field_refusal(R"({"name": "x", "type": "CommaSeparatedIntegerField", "max_length": 9})"),
       "unknown field type \"CommaSeparatedIntegerField\" (m: /models/0/fields/0/type); Django "
       "gave "
       "it up for CharField"},
      {field_refusal(R"({"name": "x", "type": "TextField"}, {"name": "x", "type": "TextField"})"),
       "field \"x\" is there twice (m: /models/0/fields/1/name)"},
      {field_refusal(R"({"name": "x", "type": "CharField", "max_lenght": 5})"),
       "unknown option \"max_lenght\" (m: /models/0/fields/0/max_lenght); did you mean "
       "\"max_length\"?"},
      {field_refusal(R"({"name": "x", "type": "IntegerField", "max_digits": 5})"),
       "IntegerField has no option \"max_digits\" (m: /models/0/fields/0/max_digits); "
       "\"max_digits\" belongs to DecimalField"},
      {field_refusal(R"({"name": "x", "type": "CharField", "max_length": "5"})"),
       "expected a whole number, found \"5\" (m: /models/0/fields/0/max_length)"},
      {field_refusal(R"({"name": "x", "type": "CharField", "null": "yes"})"),
       "expected true or false, found \"yes\" (m: /models/0/fields/0/null)"},
      {field_refusal(R"({"name": "x", "type": "ManyToManyField", "to": "Tag", "null": true})"),
       "ManyToManyField has no option \"null\" (m: /models/0/fields/0/null)"},
      {field_refusal(R"({"name": "x", "type": "ManyToManyField", "to": "Tag", "unique": true})"),
       "ManyToManyField has no option \"unique\" (m: /models/0/fields/0/unique)"},
      {field_refusal(R"({"name": "x", "type": "IntegerField", "db_index": 1})"),
       "expected true or false, found 1 (m: /models/0/fields/0/db_index)"},
      {field_refusal(R"({"name": "x", "type": "IntegerField", "max_length": 5})"),
       "IntegerField has no option \"max_length\" (m: /models/0/fields/0/max_length)"},
      {field_refusal(R"({"name": "pk", "type": "CompositePrimaryKey", "fields": ["a", "b"],
           "default": 1})"),
       "CompositePrimaryKey has no option \"default\" (m: /models/0/fields/0/default)"},
      {field_refusal(R"({"name": "pk", "type": "CompositePrimaryKey", "fields": ["a", "b"],
           "db_column": "c"})"),
       "CompositePrimaryKey has no option \"db_column\" (m: /models/0/fields/0/db_column)"},
      {field_refusal(R"({"name": "x", "type": "CharField", "choices": "ab"})"),
       "expected an array, found \"ab\" (m: /models/0/fields/0/choices)"},
      {field_refusal(R"({"name": "x", "type": "ForeignKey", "on_delete": "CASCADE"})"),
       "ForeignKey needs the option \"to\" (m: /models/0/fields/0)"},
      {field_refusal(R"({"name": "x", "type": "ForeignKey", "to": "a.b.C"})"),
       "expected a model such as \"app.Model\", found \"a.b.C\" (m: /models/0/fields/0/to)"},
      {field_refusal(R"({"name": "x", "type": "ForeignKey", "to": "A", "on_delete": "CASCAD"})"),
       "unknown on_delete \"CASCAD\" (m: /models/0/fields/0/on_delete); did you mean \"CASCADE\"?"},
      {field_refusal(R"({"name": "x", "type": "ForeignKey", "to": "A", "on_delete": {"SETT": 1}})"),
       "unknown key \"SETT\" (m: /models/0/fields/0/on_delete); did you mean \"SET\"?"},
      {field_refusal(R"({"name": "x", "type": "ArrayField"})"),
       "ArrayField needs \"base_field\" (m: /models/0/fields/0)"},
      {field_refusal(R"({"name": "x", "type": "ArrayField", "base_field": {"type": "Text"}})"),
       "unknown field type \"Text\" (m: /models/0/fields/0/base_field/type)"},
      {field_refusal(R"({"name": "x", "type": "GeneratedField", "expression": 1})"),
       "GeneratedField needs \"expression\" and \"output_field\" (m: /models/0/fields/0)"},
      {field_refusal(R"({"name": "x", "type": "CustomField"})"),
       "CustomField needs \"db_type\" (m: /models/0/fields/0)"},
      {field_refusal(R"({"name": "x", "type": "CustomField", "db_type": {"postgres": "cidr"}})"),
       "unknown key \"postgres\" (m: /models/0/fields/0/db_type); did you mean \"postgresql\"?"},
      {field_refusal(R"({"name": "x", "type": "TextField", "choices": [["a"]]})"),
       "expected a pair [value, label], found an array (m: /models/0/fields/0/choices/0)"},
      {field_refusal(R"({"name": "x", "type": "TextField", "default": {"function": 1}})"),
       "expected a text, found 1 (m: /models/0/fields/0/default/function)"},
      {option_refusal(R"("db_tabel": "t")"),
       "unknown key \"db_tabel\" (m: /models/0/options); did you mean \"db_table\"?"},
      {option_refusal(R"("index_together": [["a", "b"]])"),
       "Django gave \"index_together\" up (m: /models/0/options/index_together); list each as an "
       "index under \"indexes\""},
      {option_refusal(R"("required_db_vendor": "postgresql")"),
       "a model cannot choose its database (m: /models/0/options/required_db_vendor); name the "
       "\"databases\" of its app in turnstone.json"},
      {option_refusal(R"("managed": 0)"),
       "expected true or false, found 0 (m: /models/0/options/managed)"},
      {option_refusal(R"("unique_together": ["a", ["b"]])"),
       "expected a text, found an array (m: /models/0/options/unique_together/1)"},
      {option_refusal(R"("unique_together": [["a"], "b"])"),
       "expected an array of texts, found \"b\" (m: /models/0/options/unique_together/1)"},
      {option_refusal(R"("ordering": [["lower", {"F": "x"}]])"),
       "expected the name of a field, found an array (m: /models/0/options/ordering/0)"},
      {option_refusal(R"("indexes": [{"type": "GINIndex", "fields": ["x"]}])"),
       "unknown index type \"GINIndex\" (m: /models/0/options/indexes/0/type); did you mean "
       "\"GinIndex\"?"},
      {option_refusal(R"("indexes": [{"name": "i"}])"),
       "\"fields\" or \"expressions\" must name at least one (m: /models/0/options/indexes/0)"},
      {option_refusal(R"("indexes": [{"name": "i", "fields": ["x"], "expressions": [1]}])"),
       "\"fields\" and \"expressions\" exclude each other (m: /models/0/options/indexes/0)"},
      {option_refusal(R"("indexes": [{"fields": ["x"], "condition": true}])"),
       "an index with expressions, condition, include or opclasses needs a name (m: "
       "/models/0/options/indexes/0)"},
      {option_refusal(R"("indexes": [{"name": "i", "fields": ["x", "y"], "opclasses": ["z"]}])"),
       "\"opclasses\" needs one operator class for each of \"fields\" (m: "
       "/models/0/options/indexes/0)"},
      {option_refusal(R"("indexes": [{"expressions": [["lower", {"F": "x"}]]}])"),
       "an index with expressions, condition, include or opclasses needs a name (m: "
       "/models/0/options/indexes/0)"},
      {option_refusal(R"("indexes": [{"fields": ["x"], "include": ["y"]}])"),
       "an index with expressions, condition, include or opclasses needs a name (m: "
       "/models/0/options/indexes/0)"},
      {option_refusal(R"("indexes": [{"fields": ["x"], "opclasses": ["y"]}])"),
       "an index with expressions, condition, include or opclasses needs a name (m: "
       "/models/0/options/indexes/0)"},
      {option_refusal(R"("indexes": [{"name": "i", "expressions": [{"F": "x"}],
           "opclasses": ["y"]}])"),
       "\"opclasses\" goes with \"fields\" only (m: /models/0/options/indexes/0); in expressions "
       "write [\"opclass\", expression, name]"},
      {option_refusal(R"("indexes": [{"name": "i", "fields": "x"}])"),
       "expected an array of texts, found \"x\" (m: /models/0/options/indexes/0/fields)"},
      {option_refusal(R"("indexes": [{"name": "i", "fields": [1]}])"),
       "expected a text, found 1 (m: /models/0/options/indexes/0/fields/0)"},
      {option_refusal(R"("indexes": [{"type": "BTreeIndex", "fields": ["x"],
           "deduplicate_items": "on"}])"),
       "expected true or false, found \"on\" (m: /models/0/options/indexes/0/deduplicate_items)"},
      {option_refusal(R"("indexes": [{"type": "HashIndex", "fields": ["x"], "fillfactor": 101}])"),
       "expected a number between 10 and 100, found 101 (m: "
       "/models/0/options/indexes/0/fillfactor)"},
      {option_refusal(R"("indexes": [{"type": "GinIndex", "fields": ["x"], "fastupdate": "on"}])"),
       "expected true or false, found \"on\" (m: /models/0/options/indexes/0/fastupdate)"},
      {option_refusal(R"("indexes": [{"type": "GinIndex", "fields": ["x"],
           "gin_pending_list_limit": 63}])"),
       "expected a number between 64 and 2147483647, found 63 (m: "
       "/models/0/options/indexes/0/gin_pending_list_limit)"},
      {option_refusal(R"("indexes": [{"type": "GistIndex", "fields": ["x"], "buffering": "on"}])"),
       "expected true, false or \"auto\", found \"on\" (m: /models/0/options/indexes/0/buffering)"},
      {option_refusal(
           R"("indexes": [{"type": "SpGistIndex", "fields": ["x"], "buffering": true}])"),
       "unknown key \"buffering\" (m: /models/0/options/indexes/0); known keys: type, name, "
       "fields, "
       "expressions, condition, include, opclasses, db_tablespace, fillfactor"},
      {option_refusal(R"("indexes": [{"type": "BrinIndex", "fields": ["x"],
           "pages_per_range": 0}])"),
       "expected a number between 1 and 131072, found 0 (m: "
       "/models/0/options/indexes/0/pages_per_range)"},
      {option_refusal(R"("indexes": [{"type": "BrinIndex", "fields": ["x"], "autosummarize": 1}])"),
       "expected true or false, found 1 (m: /models/0/options/indexes/0/autosummarize)"},
      {option_refusal(R"("indexes": [{"type": "BTreeIndex", "fields": ["x"], "fillfactor": 5}])"),
       "expected a number between 10 and 100, found 5 (m: /models/0/options/indexes/0/fillfactor)"},
      {option_refusal(R"("indexes": [{"type": "BloomIndex", "fields": ["x"], "columns": [2, 4]}])"),
       "at most 1 of the index's columns can have a number of bits (m: "
       "/models/0/options/indexes/0/columns)"},
      {option_refusal(R"("indexes": [{"type": "BloomIndex", "fields": ["x"], "columns": [0]}])"),
       "expected a number between 1 and 4095, found 0 (m: "
       "/models/0/options/indexes/0/columns/0)"},
      {option_refusal(R"("indexes": [{"type": "BloomIndex", "fields": ["x"], "length": 5000}])"),
       "expected a number between 1 and 4096, found 5000 (m: "
       "/models/0/options/indexes/0/length)"},
      {option_refusal(R"("indexes": [{"type": "BloomIndex", "fields": ["x"], "length": 0}])"),
       "expected a number between 1 and 4096, found 0 (m: /models/0/options/indexes/0/length)"},
      {option_refusal(R"("indexes": [{"type": "BloomIndex", "fields": ["x"], "columns": [4096]}])"),
       "expected a number between 1 and 4095, found 4096 (m: "
       "/models/0/options/indexes/0/columns/0)"},
      {option_refusal(R"("indexes": [{"type": "BloomIndex", "fields": [)" + listed("\"f\"", 33) +
                      R"(], "columns": [)" + listed("2", 33) + "]}]"),
       "at most 32 of the index's columns can have a number of bits (m: "
       "/models/0/options/indexes/0/columns)"},
      {option_refusal(R"("indexes": [{"fields": ["x"], "fillfactor": 50}])"),
       "unknown key \"fillfactor\" (m: /models/0/options/indexes/0); known keys: type, name, "
       "fields, "
       "expressions, condition, include, opclasses, db_tablespace"},
      {option_refusal(R"("constraints": [{"name": "c"}])"),
       "the key \"type\" is missing (m: /models/0/options/constraints/0)"},
      {option_refusal(R"("constraints": [{"type": "Check", "name": "c"}])"),
       "unknown constraint type \"Check\" (m: /models/0/options/constraints/0/type); known: "
       "CheckConstraint, UniqueConstraint, ExclusionConstraint"},
      {option_refusal(R"("constraints": [{"type": "UniqueConstraint", "fields": ["x"]}])"),
       "the key \"name\" is missing (m: /models/0/options/constraints/0)"},
      {option_refusal(R"("constraints": [{"type": "UniqueConstraint", "name": "c"}])"),
       "\"fields\" or \"expressions\" must name at least one (m: /models/0/options/constraints/0)"},
      {option_refusal(R"("constraints": [{"type": "UniqueConstraint", "name": "c", "fields": ["x"],
           "expressions": [{"F": "x"}]}])"),
       "\"fields\" and \"expressions\" exclude each other (m: /models/0/options/constraints/0)"},
      {option_refusal(R"("constraints": [{"type": "UniqueConstraint", "name": "c", "fields": ["x"],
           "opclasses": ["y", "z"]}])"),
       "\"opclasses\" needs one operator class for each of \"fields\" (m: "
       "/models/0/options/constraints/0)"},
      {option_refusal(R"("constraints": [{"type": "CheckConstraint", "name": "c"}])"),
       "the key \"condition\" is missing (m: /models/0/options/constraints/0)"},
      {option_refusal(R"("constraints": [{"type": "CheckConstraint", "name": "c",
           "condition": "x > 0"}])"),
       "expected a condition, found \"x > 0\" (m: /models/0/options/constraints/0/condition); raw "
       "SQL is written {\"sql\": \"...\"}"},
      {option_refusal(R"("constraints": [{"type": "UniqueConstraint", "name": "c", "fields": ["x"],
           "deferrable": "late"}])"),
       "expected \"deferred\" or \"immediate\", found \"late\" (m: "
       "/models/0/options/constraints/0/deferrable)"},
      {option_refusal(R"("constraints": [{"type": "UniqueConstraint", "name": "c", "fields": ["x"],
           "deferrable": "deferred", "include": ["y"]}])"),
       "\"deferrable\" excludes \"condition\", \"expressions\", \"include\" and \"opclasses\" (m: "
       "/models/0/options/constraints/0)"},
      {option_refusal(R"("constraints": [{"type": "UniqueConstraint", "name": "c", "fields": ["x"],
           "deferrable": "immediate", "condition": [">", {"F": "x"}, 0]}])"),
       "\"deferrable\" excludes \"condition\", \"expressions\", \"include\" and \"opclasses\" (m: "
       "/models/0/options/constraints/0)"},
      {option_refusal(R"("constraints": [{"type": "UniqueConstraint", "name": "c", "fields": ["x"],
           "deferrable": "immediate", "opclasses": ["y"]}])"),
       "\"deferrable\" excludes \"condition\", \"expressions\", \"include\" and \"opclasses\" (m: "
       "/models/0/options/constraints/0)"},
      {option_refusal(R"("constraints": [{"type": "UniqueConstraint", "name": "c",
           "expressions": [{"F": "x"}], "deferrable": "immediate"}])"),
       "\"deferrable\" excludes \"condition\", \"expressions\", \"include\" and \"opclasses\" (m: "
       "/models/0/options/constraints/0)"},
      {option_refusal(R"("constraints": [{"type": "ExclusionConstraint", "name": "c",
           "expressions": []}])"),
       "an exclusion constraint needs at least one expression (m: "
       "/models/0/options/constraints/0/expressions)"},
      {option_refusal(R"("constraints": [{"type": "ExclusionConstraint", "name": "c",
           "expressions": [[{"F": "x"}, "=", 1]]}])"),
       "expected a pair [expression, operator], found an array (m: "
       "/models/0/options/constraints/0/expressions/0)"},
      {option_refusal(R"("constraints": [{"type": "ExclusionConstraint", "name": "c",
           "expressions": [[{"F": "x"}, "="]], "deferrable": true}])"),
       "expected a text, found true (m: /models/0/options/constraints/0/deferrable)"},
      {option_refusal(R"("constraints": [{"type": "ExclusionConstraint", "name": "c",
           "expressions": [{"F": "x"}]}])"),
       "expected a pair [expression, operator], found an object (m: "
       "/models/0/options/constraints/0/expressions/0)"},
      {option_refusal(R"("constraints": [{"type": "ExclusionConstraint", "name": "c",
           "expressions": [[{"F": "x"}, "="]], "index_type": "BTREE"}])"),
       "expected \"GIST\" or \"SPGIST\", found \"BTREE\" (m: "
       "/models/0/options/constraints/0/index_type)"},
  };
  for (const Case& c : cases) CHECK(c.found == c.wanted);
}

TEST_CASE("a default must be a value of its field") {
  struct Value {
    std::string type{};  ///< with options
    std::string fits{};
    std::string wrong{};
    std::string wanted{};
  };
  const Value values[] = {
      {R"("BooleanField")", "true", "1", "true or false"},
      {R"("SmallIntegerField")", "-32768", "32768", "a whole number between -32768 and 32767"},
      {R"("IntegerField")", "2147483647", "1.5",
       "a whole number between -2147483648 and 2147483647"},
      {R"("BigIntegerField")", "-9223372036854775808", "9223372036854775808",
       "a whole number between -9223372036854775808 and 9223372036854775807"},
      {R"("PositiveIntegerField")", "0", "-1", "a whole number between 0 and 2147483647"},
      {R"("FloatField")", "1", "\"1\"", "a number"},
      {R"("DecimalField", "max_digits": 4, "decimal_places": 2)", "\"-99.990\"", "9.99",
       "a decimal number in quotes, such as \"9.99\","},
      {R"("DecimalField", "max_digits": 4, "decimal_places": 2)", "\"1e1\"", "\"100\"",
       "at most 2 digits before the point and 2 behind it"},
      {R"("DecimalField", "max_digits": 4, "decimal_places": 2)", "null", "\"0.001\"",
       "at most 2 digits before the point and 2 behind it"},
      {R"("CharField", "max_length": 2)", "\"ää\"", "\"abc\"", "a text of at most 2 characters"},
      {R"("SlugField")", "\"\"", "5", "a text"},
      {R"("TextField")", "\"any\"", "{}", "a text"},
      {R"("DateField")", "\"2024-02-29\"", "\"2023-02-29\"", "a date, such as \"2026-11-25\","},
      {R"("TimeField")", "\"13:45\"", "\"25:00\"", "a time, such as \"13:45:00\","},
      {R"("DateTimeField")", "\"2026-11-25T13:45:00+02:00\"", "\"2026-11-25T\"",
       "a date and time, such as \"2026-11-25T13:45:00Z\","},
      {R"("DurationField")", "\"P1DT2H\"", "\"1 day\"",
       "an ISO 8601 duration, such as \"P1DT2H\","},
      {R"("UUIDField")", "\"12345678-1234-5678-1234-567812345678\"", "\"1234\"", "a UUID"},
      {R"("BinaryField")", "\"aGk=\"", "\"a\"", "base64 text"},
      {R"("GenericIPAddressField")", "\"::1\"", "1", "an IP address in quotes"},
      {R"("ArrayField", "base_field": {"type": "IntegerField"})", "[1, null]", "[1, \"2\"]",
       "an array with a whole number between -2147483648 and 2147483647 for each item"},
      {R"("HStoreField")", R"({"a": "b", "c": null})", R"({"a": 1})", "an object with texts"},
  };
  for (const Value& v : values) {
    CAPTURE(v.type);
    const std::string start = R"({"name": "x", "default": )";
    CHECK(field_refusal(start + v.fits + R"(, "type": )" + v.type + "}") == "");
    const std::string found = field_refusal(start + v.wrong + R"(, "type": )" + v.type + "}");
    CHECK(found.substr(0, found.find(" for a")) == "expected " + v.wanted);
    CHECK(found.ends_with("(m: /models/0/fields/0/default)"));
  }
  CHECK(field_refusal(R"({"name": "x", "type": "IntegerField", "db_default": "many"})")
            .starts_with("expected a whole number"));
  // On a JSONField an object is always a plain value.
  const Field field =
      read_field(R"({"name": "x", "type": "JSONField", "default": {"function": "now"}})");
  CHECK(std::get<Json>(*field.default_value).text() == R"({"function":"now"})");
}

TEST_CASE("expressions are read and written back") {
  const char* expressions[] = {
      "5",
      "\"text\"",
      "null",
      R"({"F":"price"})",
      R"({"value":[1,{"a":2}]})",
      R"({"value":"9.99","type":{"type":"DecimalField","max_digits":5,"decimal_places":2}})",
      R"({"sql":"price > ? OR 5 % 2","params":[1]})",
      R"(["and",[">",{"F":"price"},0],["not",["is_null",{"F":"author_id"}]]])",
      R"(["in",{"F":"status"},"a","b"])",
      R"(["between",{"F":"x"},1,2])",
      R"(["cast",{"F":"x"},{"type":"CharField","max_length":20}])",
      R"(["case",[["=",{"F":"x"},1],"one"],[["=",{"F":"x"},2],"two"],null])",
      R"(["func","pg_catalog.soundex",{"F":"name"}])",
      R"(["desc",{"F":"x"},"nulls_last"])",
      R"(["opclass",["collate",{"F":"x"},"de-x-icu"],"text_pattern_ops"])",
      R"(["extract","iso_week_day",{"F":"at"}])",
      R"(["key_text",{"F":"meta"},0])",
      R"(["-",5])",
      R"(["now"])",
  };
  for (const char* text : expressions) {
    CAPTURE(text);
    const Tree tree = json::parse("m", text);
    const Expression expression = json::read_expression(Node("m", tree), "blog");
    CHECK(json::write_expression(expression).dump() == text);
  }
}

TEST_CASE("every operator counts its operands") {
  for (const std::string& head : expression_heads()) {
    CAPTURE(head);
    const std::string refused = expression_refusal("[\"" + head + "\"]");
    if (head == "now" || head == "today" || head == "random_uuid") {
      CHECK(refused == "");
    } else {
      CHECK(refused.starts_with("\"" + head + "\" takes "));
    }
  }
}

TEST_CASE("broken expressions are refused with the nearest operator") {
  const Case cases[] = {
      {expression_refusal("[]"),
       "an expression in brackets begins with the name of an operator, found nothing (m: /); a "
       "list "
       "of values is written {\"value\": [...]}"},
      {expression_refusal("[1, 2]"),
       "an expression in brackets begins with the name of an operator, found 1 (m: /); a list of "
       "values is written {\"value\": [...]}"},
      {expression_refusal(R"(["lowr", {"F": "x"}])"),
       "unknown operator \"lowr\" (m: /); did you mean \"lower\"?"},
      {expression_refusal(R"(["lower"])"), "\"lower\" takes 1 operand, found 0 (m: /)"},
      {expression_refusal(R"(["substr", 1, 2, 3, 4])"),
       "\"substr\" takes 2 to 3 operands, found 4 (m: /)"},
      {expression_refusal(R"(["in", {"F": "x"}])"),
       "\"in\" takes at least 2 operands, found 1 (m: /)"},
      {expression_refusal(R"({"f": "x"})"),
       "an expression object has the key \"F\", \"value\" or \"sql\" (m: /)"},
      {expression_refusal(R"({"F": "x", "G": 1})"), "unknown key \"G\" (m: /); known keys: F"},
      {expression_refusal(R"(["lower", {"F": ""}])"), "a name must not be empty (m: /1/F)"},
      {expression_refusal(R"(["cast", {"F": "x"}])"),
       "\"cast\" takes an expression and a field object (m: /)"},
      {expression_refusal(R"(["cast", {"F": "x"}, "text"])"),
       "expected a field object, found \"text\" (m: /2)"},
      {expression_refusal(R"(["case", [1, 2]])"),
       "\"case\" takes at least 2 operands, found 1 (m: /)"},
      {expression_refusal(R"(["case", 1])"), "expected a pair [condition, value], found 1 (m: /1)"},
      {expression_refusal(R"(["case", [true], 2])"),
       "expected a pair [condition, value], found an array (m: /1)"},
      {expression_refusal(R"(["when", true, 2])"),
       "unknown operator \"when\" (m: /); \"case\" takes pairs in brackets"},
      {expression_refusal(R"(["extract", "weak", {"F": "x"}])"),
       "unknown unit \"weak\" of \"extract\"; known: year, iso_year, quarter, month, week, "
       "week_day, "
       "iso_week_day, day, hour, minute, second (m: /)"},
      {expression_refusal(R"(["date_trunc", {"F": "x"}, "day"])"),
       "the unit of \"date_trunc\" must be a text (m: /)"},
      {expression_refusal(R"(["desc", {"F": "x"}, "nulls"])"),
       "unknown order of nulls \"nulls\" of \"desc\"; known: nulls_first, nulls_last (m: /)"},
      {expression_refusal(R"(["func", "drop table", 1])"),
       "\"drop table\" cannot be the name of a function (m: /)"},
      {expression_refusal(R"(["key", {"F": "x"}, 1.5])"),
       "\"key\" takes a key in quotes or a position (m: /)"},
      {expression_refusal(R"({"value": "x", "type": {"type": "IntegerField"}})"),
       "expected a whole number between -2147483648 and 2147483647 for an IntegerField, found "
       "\"x\" "
       "(m: /value)"},
      {expression_refusal(R"({"sql": "x", "param": []})"),
       "unknown key \"param\" (m: /); did you mean \"params\"?"},
  };
  for (const Case& c : cases) CHECK(c.found == c.wanted);
}

TEST_CASE("attributes that never matter are accepted and dropped") {
  const std::string text = R"({"name": "x", "type": "CharField", "max_length": 5,
      "verbose_name": "X", "help_text": "h", "choices": [["a", "A"], ["G", [["b", "B"]]]],
      "blank": true, "editable": false, "validators": [], "error_messages": {},
      "renamed_from": "y"})";
  const Field stored = read_field(text);
  CHECK(json::write_field(stored).dump() == R"({"name":"x","type":"CharField","max_length":5})");
  const Field declared = read_field(text, Attributes::declared);
  CHECK(declared.blank);
  CHECK(declared.renamed_from == "y");
  CHECK(declared.choices == std::vector<Json>{Json::of("a"), Json::of("b")});
  CHECK(same_definition(stored, declared));
  CHECK(stored_form(declared) == stored);
  CHECK(model_refusal(R"({"name": "M", "options": {"verbose_name": "m", "verbose_name_plural": "ms",
      "ordering": ["-x", ["desc", {"F": "y"}]], "get_latest_by": "x", "permissions": [],
      "default_permissions": [], "default_related_name": "ms", "select_on_save": true}})") == "");
}

TEST_CASE("options are written in one order, defaults left out") {
  const Case cases[] = {
      {R"({"max_length": 9, "type": "CharField", "null": false, "name": "x", "unique": true})",
       R"({"name":"x","type":"CharField","max_length":9,"unique":true})"},
      {R"({"name": "x", "type": "SlugField", "db_index": true, "max_length": 50})",
       R"({"name":"x","type":"SlugField"})"},
      {R"({"name": "x", "type": "SlugField", "db_index": false})",
       R"({"name":"x","type":"SlugField","db_index":false})"},
      {R"({"name": "x", "type": "ForeignKey", "to": "Author", "on_delete": {"SET": 1},
           "db_constraint": true, "db_index": true, "related_name": "xs"})",
       R"({"name":"x","type":"ForeignKey","to":"blog.Author","on_delete":{"SET":1}})"},
      {R"({"name": "x", "type": "TextField", "choices": ["a", ["b", "B"]], "choices_check": true})",
       R"({"name":"x","type":"TextField","choices":["a","b"],"choices_check":true})"},
      {R"({"name": "x", "type": "TextField", "default": null})",
       R"({"name":"x","type":"TextField","default":null})"},
      {R"({"name": "x", "type": "CustomField", "db_type": {"sqlite": "text", "postgresql": "cidr"}})",
       R"({"name":"x","type":"CustomField","db_type":{"postgresql":"cidr","sqlite":"text"}})"},
      {R"({"name": "x", "type": "CustomField", "db_type": "cidr"})",
       R"({"name":"x","type":"CustomField","db_type":"cidr"})"},
      {R"({"name": "x", "type": "ManyToManyField", "to": "self", "through": "Pair",
           "through_fields": ["a", "b"], "symmetrical": true})",
       R"({"name":"x","type":"ManyToManyField","to":"self","through":"blog.Pair",)"
       R"("through_fields":["a","b"]})"},
  };
  for (const Case& c : cases) {
    const Field field = read_field(c.found);
    CHECK(json::write_field(field).dump() == c.wanted);
    CHECK(read_field(c.wanted) == field);
  }
}

namespace {

/// A random model of every type and option, for reading and writing.
class RandomModel {
 public:
  explicit RandomModel(std::uint32_t seed) : random_(seed) {}

  ModelState model() {
    ModelState model{.app = "blog", .name = "M" + std::to_string(below(9))};
    const std::uint32_t count = below(8);
    for (std::uint32_t i = 0; i < count; ++i) {
      model.fields.push_back(field("f" + std::to_string(i), 2));
    }
    Options& options = model.options;
    options.db_table = text();
    options.db_table_comment = text();
    options.db_tablespace = text();
    options.managed = flip();
    options.proxy = flip();
    options.swappable = text();
    options.base_manager_name = text();
    if (flip()) options.unique_together = {{"a", "b"}, {"c"}};
    for (std::uint32_t n = below(3); n > 0; --n) options.indexes.push_back(index());
    for (std::uint32_t n = below(4); n > 0; --n) options.constraints.push_back(constraint());
    if (flip()) model.bases = {"blog.Base", "core.Other"};
    return model;
  }

 private:
  std::uint32_t below(std::uint32_t n) { return random_() % n; }
  bool flip() { return below(3) == 0; }
  std::string text() { return flip() ? "t\"ä" + std::to_string(below(5)) : ""; }
  std::vector<std::string> texts() {
    return flip() ? std::vector<std::string>{"a", "b"} : std::vector<std::string>{};
  }

  Json value(const Field& field) {
    for (;;) {
      const char* candidates[] = {"null",     "true",         "7",         "1.5",
                                  "\"9.5\"",  "\"a\"",        "\"13:45\"", "\"2024-02-29\"",
                                  "[]",       "{}",           "\"P1D\"",   "\"2024-02-29T01:02\"",
                                  "\"aGk=\"", "{\"a\":\"b\"}"};
      const char* candidate = candidates[below(14)];
      if (json::value_problem(json::parse("v", candidate), field).empty()) {
        return Json::parse(candidate);
      }
    }
  }

  Expression expression(int depth) {
    switch (below(depth > 0 ? 7 : 4)) {
      case 0:
        return Expression::field("x");
      case 1:
        return Expression::literal(Json::of(static_cast<int>(below(9))));
      case 2:
        return Expression::literal(Json::parse("[1,{\"k\":null}]"));
      case 3:
        return Expression::raw("a > ?", {Expression::literal(Json::of("x"))});
      case 4:
        return Expression::call(
            "case", {Expression::call("when", {expression(depth - 1), expression(depth - 1)}),
                     expression(depth - 1)});
      case 5: {
        Expression cast = Expression::call("cast", {expression(depth - 1)});
        cast.type = std::make_shared<const Field>(field("", 0));
        return cast;
      }
      default:
        return Expression::call("and", {expression(depth - 1), expression(depth - 1)});
    }
  }
  std::optional<Expression> maybe_expression() {
    if (flip()) return expression(2);
    return std::nullopt;
  }
  Expression condition() { return Expression::call(">", {expression(1), expression(1)}); }

  Index index() {
    Index index{.name = "i" + std::to_string(below(99))};
    if (flip()) {
      index.type = IndexType::brin;
      index.parameters = {{"autosummarize", Json::of(true)}, {"pages_per_range", Json::of(4)}};
    }
    if (flip()) {
      index.expressions = {expression(2)};
    } else {
      index.fields = {"-a", "b"};
      index.opclasses = texts();
    }
    if (flip()) index.condition = condition();
    index.include = texts();
    index.db_tablespace = text();
    return index;
  }

  Constraint constraint() {
    switch (below(3)) {
      case 0:
        return CheckConstraint{.name = "c", .condition = condition()};
      case 1: {
        UniqueConstraint unique{.name = "u", .fields = {"a"}};
        if (flip()) {
          unique.deferrable = Deferrable::deferred;
        } else {
          if (flip()) unique.condition = condition();
          unique.include = texts();
        }
        if (flip()) unique.nulls_distinct = flip();
        unique.in_table = flip();
        return unique;
      }
      default: {
        ExclusionConstraint exclusion{.name = "e"};
        exclusion.expressions.emplace_back(expression(1), "=");
        if (flip()) exclusion.index_type = "SPGIST";
        if (flip()) exclusion.deferrable = Deferrable::immediate;
        return exclusion;
      }
    }
  }

  Field field(const std::string& name, int depth) {
    for (;;) {
      Field field{.name = name, .type = static_cast<FieldType>(below(45))};
      const FieldType type = field.type;
      if (depth == 0 && (type == FieldType::array || type == FieldType::generated)) continue;
      const bool column = has_column(field);
      const bool plain = column && type != FieldType::generated;
      field.null = column && flip();
      field.unique = plain && flip();
      field.primary_key = plain && flip();
      field.choices_check = plain && flip();
      if (field.choices_check) field.choices = {value(field)};
      if (column) {
        field.db_column = text();
        field.db_comment = text();
        if (flip()) field.db_index = flip();
      }
      field.db_tablespace = text();
      if (is_auto(type) && flip()) field.db_identity = "always";
      if (column && flip()) field.db_names["unique"] = flip() ? "x_key" : "";
      if (is_relation(type)) {
        field.to = "blog.Author";
        field.db_constraint = !flip();
        field.swappable = text();
      }
      if (type == FieldType::foreign_key || type == FieldType::one_to_one) {
        field.on_delete = static_cast<OnDelete>(1 + below(7));
        if (field.on_delete == OnDelete::set) field.on_delete_value = Json::of(5);
        field.db_on_delete = flip();
        field.to_field = text();
        if (flip()) field.db_on_update = "SET_NULL";
        if (flip()) field.db_deferrable = "no";
      }
      if (type == FieldType::many_to_many) {
        field.db_table = text();
        if (flip()) field.through = "blog.Pair";
        field.through_fields = texts();
      }
      if (is_text(type)) {
        if (flip()) field.max_length = 1 + static_cast<int>(below(300));
        field.db_collation = text();
      }
      if (type == FieldType::decimal) {
        field.max_digits = 9;
        field.decimal_places = 2;
      }
      if (type == FieldType::date || type == FieldType::date_time) field.auto_now = flip();
      if (type == FieldType::array) {
        field.base_field = std::make_shared<const Field>(this->field("", depth - 1));
        if (flip()) field.size = 3;
      }
      if (type == FieldType::generated) {
        field.expression = expression(2);
        field.output_field = std::make_shared<const Field>(this->field("", depth - 1));
        field.db_persist = flip();
      }
      if (type == FieldType::composite_primary_key) field.fields = {"a", "b"};
      if (type == FieldType::custom) field.db_type = {{"postgresql", "cidr"}, {"sqlite", "text"}};
      if (type == FieldType::generic_ip_address && flip()) field.protocol = "IPv4";
      if (type == FieldType::date_time_range && flip()) field.default_bounds = "[]";
      if (plain && flip()) {
        field.default_value = value(field);
        if (type != FieldType::json && flip()) field.default_value = DefaultFunction{"uuid4"};
      }
      if (plain && flip()) field.db_default = Expression::call("now", {});
      return field;
    }
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("random models are read as they were written, byte for byte") {
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    const ModelState model = RandomModel(seed).model();
    const std::string text = json::pretty(json::write_model(model));
    CAPTURE(text);
    const Tree tree = json::parse("m", text);
    const ModelState back = json::read_model(Node("m", tree), "blog", Attributes::stored);
    REQUIRE(json::pretty(json::write_model(back)) == text);
    REQUIRE(back == model);
    if (seed < 60) {
      test::keep_schema_case("models", true, "random", "{\"models\": [" + text + "]}");
    }
  }
}

namespace {

/// All values inside `tree`, itself too.
void collect(Tree& tree, std::vector<Tree*>& places) {
  places.push_back(&tree);
  if (tree.is_structured()) {
    for (Tree& item : tree) collect(item, places);
  }
}

/// Changes one value somewhere: to another kind, to a copy of another, or away.
void mutate(Tree& tree, std::mt19937& random) {
  std::vector<Tree*> places;
  collect(tree, places);
  Tree& at = *places[random() % places.size()];
  const Tree other = *places[random() % places.size()];
  switch (random() % 8) {
    case 0:
      at = Tree();
      return;
    case 1:
      at = Tree::array();
      return;
    case 2:
      at = Tree::object();
      return;
    case 3:
      at = Tree(-1);
      return;
    case 4:
      at = Tree("");
      return;
    case 5:
      if (at.is_object()) at["name"] = other;
      return;
    case 6:
      if (at.is_structured() && !at.empty()) at.erase(at.begin());
      return;
    default:
      at = other;
  }
}

}  // namespace

TEST_CASE("changed model files are read or refused, never worse") {
  int refused = 0;
  for (std::uint32_t seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Tree tree = Tree::object();
    tree["models"].push_back(json::write_model(RandomModel(seed % 200).model()));
    for (std::uint32_t n = random() % 3 + 1; n > 0; --n) mutate(tree, random);
    const std::string text = json::pretty(tree);
    std::vector<ModelState> models;
    try {
      models = json::read_models("blog", "m", text);
    } catch (const Error& error) {
      REQUIRE(error.kind() == ErrorKind::bad_file);
      REQUIRE(error.where().starts_with("m: /"));
      ++refused;
      continue;
    }
    for (const ModelState& model : models) {
      const std::string once = json::pretty(json::write_model(model));
      const Tree written = json::parse("m", once);
      const ModelState back = json::read_model(Node("m", written), "blog", Attributes::stored);
      REQUIRE(json::pretty(json::write_model(back)) == once);
    }
  }
  CHECK(refused > 1000);
}
