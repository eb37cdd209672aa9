#include <doctest/doctest.h>
#include <turnstone/registry.h>

#include "json/model_json.h"

using namespace turnstone;

namespace {

std::string text(const std::vector<Problem>& problems) {
  std::string lines;
  for (const Problem& problem : problems) {
    lines += problem.where + ": " + problem.message;
    if (!problem.hint.empty()) lines += "; " + problem.hint;
    lines += "\n";
  }
  return lines;
}

/// Models of app `a`, which also holds `Place` with a unique `code` and a plain `name`.
std::string problems(const std::string& models) {
  const std::string place = R"({"name": "Place", "fields": [
      {"name": "code", "type": "CharField", "max_length": 9, "unique": true},
      {"name": "name", "type": "TextField"}]})";
  Registry registry;
  registry.add({.label = "a",
                .models = json::read_models("a", "models.json",
                                            "{\"models\": [" + place + ", " + models + "]}")});
  return text(registry.finish().problems);
}

/// Problems of a model `M` with these fields and options.
std::string of_fields(const std::string& fields, const std::string& options = "{}") {
  return problems(R"({"name": "M", "fields": [)" + fields + R"(], "options": )" + options + "}");
}

struct Case {
  std::string label{};
  std::string found{};
  std::string wanted{};
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    CAPTURE(c.label);
    CHECK(c.found == c.wanted);
  }
}

}  // namespace

TEST_CASE("names that Django refuses are refused") {
  check({
      {"trailing underscore", of_fields(R"({"name": "x_", "type": "TextField"})"),
       "a.M.x_: the name of a field cannot end with _\n"},
      {"double underscore", of_fields(R"({"name": "x__y", "type": "TextField"})"),
       "a.M.x__y: the name of a field cannot hold __; queries use __ to follow a relation\n"},
      {"pk", of_fields(R"({"name": "pk", "type": "TextField"})"),
       "a.M.pk: \"pk\" always means the primary key: no other field has that name\n"},
      {"not a name", of_fields(R"({"name": "two words", "type": "TextField"})"),
       "a.M.two words: \"two words\" cannot be the name of a field; use letters, digits and _\n"},
      {"digit first", of_fields(R"({"name": "1st", "type": "TextField"})"),
       "a.M.1st: \"1st\" cannot be the name of a field; use letters, digits and _\n"},
      {"other alphabets are fine", of_fields(R"({"name": "größe", "type": "TextField"})"), ""},
      {"id that is no key", of_fields(R"({"name": "id", "type": "IntegerField"})"),
       "a.M: the model has no primary key; add a field with \"primary_key\": true\n"
       "a.M.id: a field named \"id\" must be the primary key; set \"primary_key\": true or rename "
       "it\n"},
      {"model with an underscore behind", problems(R"({"name": "M_"})"),
       "a.M_: the name of a model cannot begin or end with _\n"},
      {"model with two in the middle", problems(R"({"name": "M__N"})"),
       "a.M__N: the name of a model cannot hold __; queries use __ to follow a relation\n"},
      {"model that is no name", problems(R"({"name": "M-N"})"),
       "a.M-N: \"M-N\" cannot be the name of a model; use letters, digits and _\n"},
  });
}

TEST_CASE("options that contradict a field's type are named") {
  check({
      {"auto field that is no key", of_fields(R"({"name": "x", "type": "AutoField"})"),
       "a.M.x: AutoField must be the primary key; set \"primary_key\": true\n"},
      {"null key",
       of_fields(R"({"name": "x", "type": "TextField", "primary_key": true, "null": true})"),
       "a.M.x: a primary key cannot be null; take \"null\" out\n"},
      {"two keys", of_fields(R"({"name": "x", "type": "TextField", "primary_key": true},
           {"name": "y", "type": "TextField", "primary_key": true})"),
       "a.M: a model has one primary key, and this one has \"x\" and \"y\"; for a key of several "
       "columns use a CompositePrimaryKey\n"},
      {"length", of_fields(R"({"name": "x", "type": "CharField", "max_length": 0})"),
       "a.M.x: \"max_length\" must be at least 1\n"},
      {"text without a length is unlimited", of_fields(R"({"name": "x", "type": "CharField"})"),
       ""},
      {"decimal without digits", of_fields(R"({"name": "x", "type": "DecimalField"})"),
       "a.M.x: DecimalField needs \"max_digits\" and \"decimal_places\"\n"},
      {"decimal with too many",
       of_fields(R"({"name": "x", "type": "DecimalField", "max_digits": 39, "decimal_places": 2})"),
       "a.M.x: \"max_digits\" must be between 1 and 38\n"},
      {"decimal with more places than digits",
       of_fields(R"({"name": "x", "type": "DecimalField", "max_digits": 2, "decimal_places": 3})"),
       "a.M.x: \"decimal_places\" must be between 0 and \"max_digits\"\n"},
      {"two sources of a value", of_fields(R"({"name": "x", "type": "DateField",
           "auto_now": true, "auto_now_add": true})"),
       "a.M.x: \"auto_now\", \"auto_now_add\" and \"default\" exclude each other\n"},
      {"default beside auto_now", of_fields(R"({"name": "x", "type": "DateTimeField",
           "auto_now": true, "default": {"function": "now"}})"),
       "a.M.x: \"auto_now\", \"auto_now_add\" and \"default\" exclude each other\n"},
      {"default in the database from a field",
       of_fields(R"({"name": "x", "type": "TextField", "db_default": {"F": "y"}},
           {"name": "y", "type": "TextField"})"),
       "a.M.x: \"db_default\" cannot refer to fields; for a value computed from other columns use "
       "a "
       "GeneratedField\n"},
      {"protocol", of_fields(R"({"name": "x", "type": "GenericIPAddressField",
           "protocol": "IPv5"})"),
       "a.M.x: unknown protocol \"IPv5\"; use \"both\", \"IPv4\" or \"IPv6\"\n"},
      {"blank address", of_fields(R"({"name": "x", "type": "GenericIPAddressField",
           "blank": true})"),
       "a.M.x: a GenericIPAddressField with \"blank\" needs \"null\" too; an empty address is "
       "stored as null\n"},
      {"check without choices", of_fields(R"({"name": "x", "type": "TextField",
           "choices_check": true})"),
       "a.M.x: \"choices_check\" needs \"choices\"\n"},
      {"choice that does not fit", of_fields(R"({"name": "x", "type": "CharField",
           "max_length": 2, "choices": [["ää", "fits"], ["abc", "does not"]]})"),
       "a.M.x: the choice \"abc\" is longer than \"max_length\", 2\n"},
      {"array of relations", of_fields(R"({"name": "x", "type": "ArrayField",
           "base_field": {"type": "ForeignKey", "to": "Place", "on_delete": "CASCADE"}})"),
       "a.M.x: an array cannot hold ForeignKey items\n"},
      {"array of decimals without digits", of_fields(R"({"name": "x", "type": "ArrayField",
           "base_field": {"type": "DecimalField"}})"),
       "a.M.x: base_field: DecimalField needs \"max_digits\" and \"decimal_places\"\n"},
      {"generated from itself", of_fields(R"({"name": "x", "type": "GeneratedField",
           "expression": ["lower", {"F": "x"}], "output_field": {"type": "TextField"}})"),
       "a.M.x: the expression of a generated column cannot use the column\n"},
      {"generated from nothing", of_fields(R"({"name": "x", "type": "GeneratedField",
           "expression": ["lower", {"F": "tilte"}], "output_field": {"type": "TextField"}},
           {"name": "title", "type": "TextField"})"),
       "a.M.x: there is no field \"tilte\"; did you mean \"title\"?\n"},
      {"composite key under another name", of_fields(R"({"name": "key",
           "type": "CompositePrimaryKey", "fields": ["x", "y"]}, {"name": "x", "type": "TextField"},
           {"name": "y", "type": "TextField"})"),
       "a.M.key: a CompositePrimaryKey must be named \"pk\"\n"},
      {"composite key of one", of_fields(R"({"name": "pk", "type": "CompositePrimaryKey",
           "fields": ["x"]}, {"name": "x", "type": "TextField"})"),
       "a.M.pk: \"fields\" must name at least two fields\n"},
      {"composite key of what may be null", of_fields(R"({"name": "pk",
           "type": "CompositePrimaryKey", "fields": ["x", "z"]},
           {"name": "x", "type": "TextField", "null": true}, {"name": "y", "type": "TextField"})"),
       "a.M.pk: \"x\" is part of the primary key and cannot be null; take \"null\" out there\n"
       "a.M.pk: there is no field \"z\"\n"},
      {"composite key of one field twice", of_fields(R"({"name": "pk",
           "type": "CompositePrimaryKey", "fields": ["x", "x"]},
           {"name": "x", "type": "TextField"})"),
       "a.M.pk: \"fields\" names \"x\" twice\n"},
      {"composite key of what is computed", of_fields(R"({"name": "pk",
           "type": "CompositePrimaryKey", "fields": ["x", "y"]}, {"name": "x", "type": "TextField"},
           {"name": "y", "type": "GeneratedField", "expression": ["lower", {"F": "x"}],
            "output_field": {"type": "TextField"}})"),
       "a.M.pk: the generated column \"y\" cannot be part of the primary key\n"},
      {"composite key of a relation of many", of_fields(R"({"name": "pk",
           "type": "CompositePrimaryKey", "fields": ["x", "many"]},
           {"name": "x", "type": "TextField"}, {"name": "many", "type": "ManyToManyField",
           "to": "Place", "through": "Visit"})"),
       "a.M.pk: \"many\" is a ManyToManyField and has no column\n"
       "a.M.many: there is no model \"a.Visit\"\n"},
      {"file as a key", of_fields(R"({"name": "x", "type": "FileField", "primary_key": true})"),
       "a.M.x: a FileField cannot be the primary key; the name of a file changes with its storage; "
       "take \"primary_key\" out\n"},
      {"size of an array", of_fields(R"({"name": "x", "type": "ArrayField", "size": 0,
           "base_field": {"type": "TextField"}})"),
       "a.M.x: \"size\" must be at least 1\n"},
      {"bounds of a range", of_fields(R"({"name": "x", "type": "DecimalRangeField",
           "default_bounds": "[["})"),
       "a.M.x: unknown \"default_bounds\" \"[[\"; use \"[)\", \"(]\", \"()\" or \"[]\"\n"},
      {"generated key", of_fields(R"({"name": "x", "type": "GeneratedField",
           "expression": ["lower", {"F": "y"}], "output_field": {"type": "ForeignKey",
           "to": "Place", "on_delete": "CASCADE"}}, {"name": "y", "type": "TextField"})"),
       "a.M.x: output_field: a generated column cannot be of type ForeignKey\n"},
      {"generated decimal without digits", of_fields(R"({"name": "x", "type": "GeneratedField",
           "expression": ["abs", {"F": "y"}], "output_field": {"type": "DecimalField"}},
           {"name": "y", "type": "IntegerField"})"),
       "a.M.x: output_field: DecimalField needs \"max_digits\" and \"decimal_places\"\n"},
      {"one column twice", of_fields(R"({"name": "x", "type": "TextField"},
           {"name": "y", "type": "TextField", "db_column": "X"})"),
       "a.M.y: column \"X\" is that of field \"x\" too; give one of them another \"db_column\"\n"},
      {"a key's column twice", of_fields(R"({"name": "at", "type": "ForeignKey", "to": "Place",
           "on_delete": "CASCADE"}, {"name": "at_id", "type": "IntegerField"})"),
       "a.M.at_id: column \"at_id\" is that of field \"at\" too; give one of them another "
       "\"db_column\"\n"},
  });
}

TEST_CASE("relations that lead nowhere, or not to one row, are named") {
  const auto key = [](const std::string& more) {
    return of_fields(R"({"name": "at", "type": "ForeignKey", )" + more + "}");
  };
  check({
      {"dangling", key(R"("to": "Plase", "on_delete": "CASCADE")"),
       "a.M.at: there is no model \"a.Plase\"; did you mean \"a.Place\"?\n"},
      {"without a rule", key(R"("to": "Place")"),
       "a.M.at: ForeignKey needs \"on_delete\"; such as \"CASCADE\", \"PROTECT\" or "
       "\"SET_NULL\"\n"},
      {"null that is not allowed", key(R"("to": "Place", "on_delete": "SET_NULL")"),
       "a.M.at: \"on_delete\": \"SET_NULL\" needs a field that may be null; set \"null\": true or "
       "choose another rule\n"},
      {"default that is not there", key(R"("to": "Place", "on_delete": "SET_DEFAULT")"),
       "a.M.at: \"on_delete\": \"SET_DEFAULT\" needs a default; set \"default\" or choose another "
       "rule\n"},
      {"default that the database lacks", key(R"("to": "Place", "on_delete": "SET_DEFAULT",
           "default": 1, "db_on_delete": true)"),
       "a.M.at: \"SET_DEFAULT\" in the database (\"db_on_delete\") needs \"db_default\"\n"},
      {"rule that no database has", key(R"("to": "Place", "on_delete": {"SET": 1},
           "db_on_delete": true)"),
       "a.M.at: no database keeps the rule SET, so \"db_on_delete\" cannot go with it; take "
       "\"db_on_delete\" out or choose another rule\n"},
      {"rule without a key", key(R"("to": "Place", "on_delete": "CASCADE", "db_on_delete": true,
           "db_constraint": false)"),
       "a.M.at: \"db_on_delete\" needs the foreign key that \"db_constraint\": false leaves out\n"},
      {"unique target", key(R"("to": "Place", "on_delete": "CASCADE", "to_field": "code")"), ""},
      {"target that is not there", key(R"("to": "Place", "on_delete": "CASCADE",
           "to_field": "cod")"),
       "a.M.at: model \"a.Place\" has no field \"cod\"; did you mean \"code\"?\n"},
      {"target that is not unique", key(R"("to": "Place", "on_delete": "CASCADE",
           "to_field": "name")"),
       "a.M.at: field \"name\" of a.Place is not unique; set \"unique\": true there\n"},
      {"a key of two columns", problems(R"({"name": "Two", "fields": [{"name": "pk",
           "type": "CompositePrimaryKey", "fields": ["x", "y"]}, {"name": "x", "type": "TextField"},
           {"name": "y", "type": "TextField"}]}, {"name": "M", "fields": [{"name": "two",
           "type": "ForeignKey", "to": "Two", "on_delete": "CASCADE"}]})"),
       "a.M.two: a relation cannot point to the composite primary key of a.Two; name a unique "
       "field "
       "with \"to_field\"\n"},
      {"a key that is itself", of_fields(R"({"name": "at", "type": "OneToOneField", "to": "M",
           "on_delete": "CASCADE", "primary_key": true})"),
       "a.M.at: the key leads back to itself, so it has no type; one of the models needs a primary "
       "key that is no relation\n"},
      {"ways back to one target", of_fields(R"({"name": "x", "type": "ForeignKey", "to": "Place",
           "on_delete": "CASCADE"}, {"name": "y", "type": "ForeignKey", "to": "Place",
           "on_delete": "CASCADE"})"),
       "a.M.y: the way \"m_set\" from a.Place back to a.M is that of a.M.x too; give the relation "
       "another \"related_name\"\n"},
      {"ways back with names, and without", of_fields(R"({"name": "x", "type": "ForeignKey",
           "to": "Place", "on_delete": "CASCADE", "related_name": "one"}, {"name": "y",
           "type": "ForeignKey", "to": "Place", "on_delete": "CASCADE", "related_name": "+"},
           {"name": "z", "type": "ForeignKey", "to": "Place", "on_delete": "CASCADE"})"),
       ""},
      {"way back that is a field", key(R"("to": "Place", "on_delete": "CASCADE",
           "related_name": "code")"),
       "a.M.at: the way \"code\" from a.Place back to a.M has the name of a field there; give the "
       "relation another \"related_name\"\n"},
      {"way back that is no name", key(R"("to": "Place", "on_delete": "CASCADE",
           "related_name": "my books")"),
       "a.M.at: \"my books\" cannot be a \"related_name\"; use letters, digits and _, or end it "
       "with "
       "+\n"},
      {"a query name that is a field", key(R"("to": "Place", "on_delete": "CASCADE",
           "related_query_name": "code")"),
       "a.M.at: the query name \"code\" from a.Place back to a.M has the name of a field there; "
       "give the relation another \"related_name\"\n"},
      {"one query name for two", of_fields(R"({"name": "x", "type": "ForeignKey", "to": "Place",
           "on_delete": "CASCADE", "related_name": "+", "related_query_name": "q"}, {"name": "y",
           "type": "ForeignKey", "to": "Place", "on_delete": "CASCADE", "related_name": "+",
           "related_query_name": "q"})"),
       "a.M.y: the query name \"q\" from a.Place back to a.M is that of a.M.x too; give the "
       "relation another \"related_name\"\n"},
      {"a query name that ends like a path", key(R"("to": "Place", "on_delete": "CASCADE",
           "related_query_name": "q_")"),
       "a.M.at: \"related_query_name\" cannot end with _ or hold __\n"},
      {"a query name that is a path", key(R"("to": "Place", "on_delete": "CASCADE",
           "related_query_name": "q__r")"),
       "a.M.at: \"related_query_name\" cannot end with _ or hold __\n"},
      {"many to a key of two columns", problems(R"({"name": "Two", "fields": [{"name": "pk",
           "type": "CompositePrimaryKey", "fields": ["x", "y"]}, {"name": "x", "type": "TextField"},
           {"name": "y", "type": "TextField"}]}, {"name": "M", "fields": [{"name": "twos",
           "type": "ManyToManyField", "to": "Two"}]})"),
       "a.M.twos: the table of a ManyToManyField cannot point to the composite primary key of "
       "a.Two; write the table as a model and name it with \"through\"\n"},
      {"many from a key of two columns", of_fields(R"({"name": "pk",
           "type": "CompositePrimaryKey", "fields": ["x", "y"]}, {"name": "x", "type": "TextField"},
           {"name": "y", "type": "TextField"}, {"name": "places", "type": "ManyToManyField",
           "to": "Place"})"),
       "a.M.places: the table of a ManyToManyField cannot point to the composite primary key of "
       "a.M; write the table as a model and name it with \"through\"\n"},
      {"many to itself takes no name", of_fields(R"({"name": "x", "type": "ManyToManyField",
           "to": "self"}, {"name": "y", "type": "ForeignKey", "to": "self",
           "on_delete": "CASCADE"})"),
       ""},
  });
}

TEST_CASE("through models must have the two keys") {
  const auto through = [](const std::string& more, const std::string& fields) {
    return problems(R"({"name": "M", "fields": [{"name": "places", "type": "ManyToManyField",
        "to": "Place", "through": "Visit")" +
                    more + R"(}]}, {"name": "Visit", "fields": [)" + fields + "]}");
  };
  const std::string to_m =
      R"({"name": "m", "type": "ForeignKey", "to": "M", "on_delete": "CASCADE"})";
  const std::string to_place =
      R"({"name": "place", "type": "ForeignKey", "to": "Place", "on_delete": "CASCADE",
          "related_name": "+"})";
  const std::string to_other =
      R"({"name": "other", "type": "ForeignKey", "to": "Place", "on_delete": "CASCADE",
          "related_name": "+"})";
  check({
      {"both", through("", to_m + "," + to_place), ""},
      {"no such model", of_fields(R"({"name": "places", "type": "ManyToManyField", "to": "Place",
           "through": "Vist"})"),
       "a.M.places: there is no model \"a.Vist\"\n"},
      {"none to the owner", through("", to_place),
       "a.M.places: through model \"a.Visit\" has no foreign key to \"a.M\"\n"},
      {"none to the target", through("", to_m),
       "a.M.places: through model \"a.Visit\" has no foreign key to \"a.Place\"\n"},
      {"two to the target", through("", to_m + "," + to_place + "," + to_other),
       "a.M.places: through model \"a.Visit\" has several foreign keys to \"a.Place\"; name the "
       "two "
       "that count with \"through_fields\"\n"},
      {"two, and the one that counts is named",
       through(R"(, "through_fields": ["m", "other"])", to_m + "," + to_place + "," + to_other),
       ""},
      {"one name", through(R"(, "through_fields": ["m"])", to_m + "," + to_place),
       "a.M.places: \"through_fields\" must name two foreign keys, found 1\n"},
      {"unknown name", through(R"(, "through_fields": ["m", "plase"])", to_m + "," + to_place),
       "a.M.places: through model \"a.Visit\" has no field \"plase\"; did you mean \"place\"?\n"},
      {"wrong order", through(R"(, "through_fields": ["place", "m"])", to_m + "," + to_place),
       "a.M.places: field \"place\" of \"a.Visit\" is no foreign key to \"a.M\"; "
       "\"through_fields\" names the key to the model itself first\n"
       "a.M.places: field \"m\" of \"a.Visit\" is no foreign key to \"a.Place\"; "
       "\"through_fields\" names the key to the model itself first\n"},
      {"a table beside it", through(R"(, "db_table": "t")", to_m + "," + to_place),
       "a.M.places: \"db_table\" and \"through\" exclude each other; set \"db_table\" in the "
       "options "
       "of the through model\n"},
      {"a constraint beside it", through(R"(, "db_constraint": false)", to_m + "," + to_place),
       "a.M.places: \"db_constraint\" and \"through\" exclude each other; set \"db_constraint\" in "
       "the keys of the through model\n"},
      {"keys without a model", of_fields(R"({"name": "places", "type": "ManyToManyField",
           "to": "Place", "through_fields": ["m", "place"]})"),
       "a.M.places: \"through_fields\" needs \"through\"\n"},
      {"one relation twice",
       through(R"(}, {"name": "more", "type": "ManyToManyField", "to": "Place", "related_name": "+",
           "through": "Visit")",
               to_m + "," + to_place),
       "a.M.more: field \"places\" is the same relation through \"a.Visit\"\n"},
      {"to itself with one key", problems(R"({"name": "M", "fields": [{"name": "peers",
           "type": "ManyToManyField", "to": "self", "through": "Pair"}]}, {"name": "Pair",
           "fields": [{"name": "x", "type": "ForeignKey", "to": "M", "on_delete": "CASCADE"}]})"),
       "a.M.peers: through model \"a.Pair\" needs two foreign keys to \"a.M\"\n"},
  });
}

TEST_CASE("indexes, constraints and other options that do not fit are named") {
  const auto with = [](const std::string& options) {
    return of_fields(R"({"name": "x", "type": "TextField"}, {"name": "n", "type": "IntegerField"},
        {"name": "many", "type": "ManyToManyField", "to": "Place", "related_name": "+"},
        {"name": "at", "type": "ForeignKey", "to": "Place", "on_delete": "CASCADE"})",
                     "{" + options + "}");
  };
  const auto constraint = [&](const std::string& more) {
    return with(R"("constraints": [{"name": "c", )" + more + "}]");
  };
  check({
      {"what fits", with(R"("indexes": [{"name": "i", "fields": ["-x", "at_id", "pk"]}],
           "unique_together": ["x", "at"], "ordering": ["-x", "at__code", "pk", "?"])"),
       ""},
      {"unknown field", with(R"("indexes": [{"name": "i", "fields": ["-y"]}])"),
       "a.M: index \"i\": there is no field \"y\"\n"},
      {"field twice", with(R"("indexes": [{"name": "i", "fields": ["x", "-x"]}])"),
       "a.M: index \"i\": field \"x\" is named twice\n"},
      {"many-to-many", with(R"("indexes": [{"name": "i", "fields": ["many"]}])"),
       "a.M: index \"i\": \"many\" is a ManyToManyField and has no column\n"},
      {"other table", with(R"("indexes": [{"name": "i", "fields": ["at__code"]}])"),
       "a.M: index \"i\": \"at__code\" leads to another table, which is not possible here; name a "
       "field of the model itself\n"},
      {"table of the base", problems(R"({"name": "M", "bases": ["Place"], "options":
           {"indexes": [{"name": "i", "fields": ["code"]}]}})"),
       "a.M: index \"i\": field \"code\" is in the table of the base a.Place, not in this one\n"},
      {"a composite key is no column",
       of_fields(R"({"name": "pk", "type": "CompositePrimaryKey",
           "fields": ["x", "y"]}, {"name": "x", "type": "TextField"},
           {"name": "y", "type": "TextField"})",
                 R"({"indexes": [{"name": "i",
           "fields": ["pk"]}]})"),
       "a.M: index \"i\": the composite primary key is no column; name the columns it is made "
       "of\n"},
      {"long name of a constraint",
       with(R"("constraints": [{"type": "UniqueConstraint",
           "name": ")" +
            std::string(64, 'u') + R"(", "fields": ["x"]}])"),
       "a.M: constraint \"" + std::string(64, 'u') +
           "\": the name has 64 bytes, at most 63 are allowed; choose a shorter one\n"},
      {"long name", with(R"("indexes": [{"name":
           "a123456789012345678901234567890123456789012345678901234567890123", "fields": ["x"]}])"),
       "a.M: index \"a123456789012345678901234567890123456789012345678901234567890123\": the name "
       "has 64 bytes, at most 63 are allowed; choose a shorter one\n"},
      {"digit first", with(R"("indexes": [{"name": "1st", "fields": ["x"]}])"), ""},
      {"condition with an unknown field", with(R"("indexes": [{"name": "i", "fields": ["x"],
           "condition": [">", {"F": "m"}, 0]}])"),
       "a.M: index \"i\": there is no field \"m\"\n"},
      {"condition of an index that is a text", with(R"("indexes": [{"name": "i", "fields": ["x"],
           "condition": ["lower", {"F": "x"}]}])"),
       "a.M: index \"i\": \"condition\" must be true or false for a row; compare with something, "
       "such as [\">\", {\"F\": \"price\"}, 0]\n"},
      {"order inside a function", with(R"("indexes": [{"name": "i",
           "expressions": [["lower", ["desc", {"F": "x"}]]]}])"),
       "a.M: index \"i\": \"desc\" must be outermost\n"},
      {"condition that is a number", constraint(R"("type": "CheckConstraint",
           "condition": ["+", {"F": "n"}, 1])"),
       "a.M: constraint \"c\": \"condition\" must be true or false for a row; compare with "
       "something, "
       "such as [\">\", {\"F\": \"price\"}, 0]\n"},
      {"unique over an unknown field", constraint(R"("type": "UniqueConstraint",
           "fields": ["x", "nn"])"),
       "a.M: constraint \"c\": there is no field \"nn\"\n"},
      {"check over another table", constraint(R"("type": "CheckConstraint",
           "condition": ["=", {"F": "at__code"}, "x"])"),
       "a.M: constraint \"c\": \"at__code\" leads to another table, which is not possible here; "
       "name a field of the model itself\n"},
      {"excluded by an unknown field", constraint(R"("type": "ExclusionConstraint",
           "expressions": [[{"F": "nn"}, "="]], "condition": 5)"),
       "a.M: constraint \"c\": there is no field \"nn\"\n"
       "a.M: constraint \"c\": \"condition\" must be true or false for a row; compare with "
       "something, such as [\">\", {\"F\": \"price\"}, 0]\n"},
      {"one name for two", with(R"("indexes": [{"name": "c", "fields": ["x"]}],
           "constraints": [{"type": "UniqueConstraint", "name": "c", "fields": ["x"]}])"),
       "a.M: constraint \"c\": name \"c\" is taken by another index or constraint of this model; "
       "index and constraint names are unique in a database\n"},
      {"unique_together of nothing", with(R"("unique_together": [["y", "many"]])"),
       "a.M: unique_together: there is no field \"y\"\n"
       "a.M: unique_together: \"many\" is a ManyToManyField and has no column\n"},
      {"unique_together of no field", with(R"("unique_together": [[]])"),
       "a.M: unique_together: a list of fields is empty\n"},
      {"the column of the order",
       of_fields(R"({"name": "_order", "type": "IntegerField"},
           {"name": "at", "type": "ForeignKey", "to": "Place", "on_delete": "CASCADE"})",
                 R"({"order_with_respect_to": "at"})"),
       "a.M._order: column \"_order\" is that of \"order_with_respect_to\" too; give the field "
       "another \"db_column\"\n"},
      {"order by what is no key", with(R"("order_with_respect_to": "x")"),
       "a.M: order_with_respect_to: \"x\" is no foreign key\n"},
      {"two orders", with(R"("order_with_respect_to": "at", "ordering": ["x"])"),
       "a.M: order_with_respect_to: \"ordering\" and \"order_with_respect_to\" exclude each "
       "other\n"},
      {"order by nothing", with(R"("ordering": ["-nn"])"),
       "a.M: ordering: there is no field \"nn\"\n"},
      {"table of another model", with(R"("db_table": "a_place")"),
       "a.Place: table \"a_place\" is taken by a.M; give one of them another \"db_table\"\n"},
      {"table of a many-to-many field", problems(R"({"name": "M", "fields": [{"name": "many",
           "type": "ManyToManyField", "to": "Place"}]}, {"name": "M_many"})"),
       "a.M_many: table \"a_m_many\" is taken by a.M.many; give one of them another "
       "\"db_table\"\n"},
      {"one table of two many-to-many fields", of_fields(R"({"name": "x", "type": "ManyToManyField",
           "to": "Place", "db_table": "z", "related_name": "+"}, {"name": "y",
           "type": "ManyToManyField", "to": "Place", "db_table": "z", "related_name": "+"})"),
       "a.M.y: table \"z\" is taken by a.M.x; give one of them another \"db_table\"\n"},
      {"proxy with a field", problems(R"({"name": "M", "bases": ["Place"],
           "options": {"proxy": true}, "fields": [{"name": "x", "type": "TextField"}]})"),
       "a.M: a proxy model has no fields of its own, and this one has \"x\"; take the field out, "
       "or "
       "\"proxy\"\n"},
      {"proxy of nothing", problems(R"({"name": "M", "options": {"proxy": true}})"),
       "a.M: a proxy model has exactly one base with a table, and this one has 0\n"},
      {"field of the base again", problems(R"({"name": "M", "bases": ["Place"],
           "fields": [{"name": "code", "type": "TextField"}]})"),
       "a.M.code: the base a.Place has a field \"code\" already\n"},
      {"field of two bases", problems(R"({"name": "Firm", "fields": [{"name": "code",
           "type": "TextField"}]}, {"name": "M", "bases": ["Place", "Firm"]})"),
       "a.M: the bases a.Place and a.Firm both have a field \"code\"; rename one of them\n"},
      {"field of one base on two ways", problems(R"({"name": "Cafe", "bases": ["Place"]},
           {"name": "Bar", "bases": ["Place"]}, {"name": "M", "bases": ["Cafe", "Bar"]})"),
       ""},
      {"second name of a base's key", problems(R"({"name": "Firm", "fields": [{"name": "at",
           "type": "ForeignKey", "to": "Place", "on_delete": "CASCADE"}]}, {"name": "M",
           "bases": ["Firm"], "fields": [{"name": "at_id", "type": "IntegerField"}]})"),
       "a.M.at_id: \"at_id\" would mean field \"at\" of the base a.Firm too\n"},
  });
}

TEST_CASE("states from migration files are not judged by what they leave out") {
  const auto key = [](const char* name) {
    return Field{
        .name = name, .type = FieldType::foreign_key, .to = "a.M", .on_delete = OnDelete::cascade};
  };
  ProjectState state;
  state.set({.app = "a",
             .name = "M",
             .fields = {{.name = "id", .type = FieldType::big_auto_field, .primary_key = true},
                        key("x"),
                        key("y")}});
  CHECK(text(problems_of(state)) == "");
}
