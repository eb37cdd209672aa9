#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/registry.h>

#include "json/model_json.h"

using namespace turnstone;

namespace {

struct App {
  std::string label{};
  std::string models{};  ///< the items of "models"
};

FinishedModels finish(const std::vector<App>& apps) {
  Registry registry;
  for (const App& app : apps) {
    const std::string file = app.label + "/models.json";
    registry.add(
        {.label = app.label,
         .models = json::read_models(app.label, file, "{\"models\": [" + app.models + "]}"),
         .source = file});
  }
  return registry.finish();
}

/// Requires: nothing is wrong.
ProjectState state_of(const std::vector<App>& apps) {
  FinishedModels finished = finish(apps);
  for (const Problem& problem : finished.problems) {
    FAIL_CHECK(problem.where << ": " << problem.message);
  }
  return finished.state;
}

std::string written(const ProjectState& state, const std::string& app, const std::string& model) {
  return json::write_model(*state.get({app, model})).dump();
}

std::string written(const std::string& json) { return json::parse("expected", json).dump(); }

std::string text(const FinishedModels& finished) {
  std::string lines;
  for (const Problem& problem : finished.problems) {
    lines += problem.message + " (" + problem.where + ")";
    if (!problem.hint.empty()) lines += "; " + problem.hint;
    lines += "\n";
  }
  return lines;
}

}  // namespace

TEST_CASE("what follows from declared models is worked out") {
  struct Case {
    const char* label;
    std::vector<App> apps;
    const char* model;  ///< `app.model`
    const char* wanted;
  };
  const Case cases[] = {
      {"a model without a key gets the automatic one first",
       {{"blog", R"({"name": "Tag", "fields": [{"name": "label", "type": "TextField"}]})"}},
       "blog.tag",
       R"({"name": "Tag", "fields": [
         {"name": "id", "type": "BigAutoField", "primary_key": true},
         {"name": "label", "type": "TextField"}]})"},
      {"a key of its own stays where it is",
       {{"blog", R"({"name": "Tag", "fields": [{"name": "label", "type": "TextField"},
           {"name": "code", "type": "CharField", "max_length": 5, "primary_key": true}]})"}},
       "blog.tag",
       R"({"name": "Tag", "fields": [{"name": "label", "type": "TextField"},
         {"name": "code", "type": "CharField", "primary_key": true, "max_length": 5}]})"},
      {"references are completed and take the declared case; a name for oneself is spelt out",
       {{"blog", R"({"name": "Book", "fields": [
           {"name": "author", "type": "ForeignKey", "to": "author", "on_delete": "CASCADE"},
           {"name": "sequel_of", "type": "ForeignKey", "to": "self", "on_delete": "CASCADE"},
           {"name": "shop", "type": "ForeignKey", "to": "shop.SHOP", "on_delete": "CASCADE"}]},
           {"name": "Author", "fields": []})"},
        {"shop", R"({"name": "Shop"})"}},
       "blog.book",
       R"({"name": "Book", "fields": [
         {"name": "id", "type": "BigAutoField", "primary_key": true},
         {"name": "author", "type": "ForeignKey", "to": "blog.Author", "on_delete": "CASCADE"},
         {"name": "sequel_of", "type": "ForeignKey", "to": "blog.Book", "on_delete": "CASCADE"},
         {"name": "shop", "type": "ForeignKey", "to": "shop.Shop", "on_delete": "CASCADE"}]})"},
      {"abstract bases lend fields before the own ones, and options; own ones win",
       {{"core", R"({"name": "Stamped", "options": {"abstract": true, "db_table_comment": "lent",
             "indexes": [{"name": "%(app_label)s_%(class)s_at", "fields": ["at"]}]}, "fields": [
             {"name": "at", "type": "DateTimeField"}, {"name": "note", "type": "TextField"},
             {"name": "parent", "type": "ForeignKey", "to": "self", "on_delete": "CASCADE"}]})"},
        {"blog", R"({"name": "Book", "bases": ["core.stamped"],
             "options": {"indexes": [{"name": "own", "fields": ["note"]}]}, "fields": [
             {"name": "note", "type": "CharField", "max_length": 9}]})"}},
       "blog.book",
       R"({"name": "Book", "fields": [
         {"name": "id", "type": "BigAutoField", "primary_key": true},
         {"name": "at", "type": "DateTimeField"},
         {"name": "parent", "type": "ForeignKey", "to": "blog.Book", "on_delete": "CASCADE"},
         {"name": "note", "type": "CharField", "max_length": 9}],
         "options": {"db_table_comment": "lent", "indexes": [{"name": "own", "fields": ["note"]},
           {"name": "blog_book_at", "fields": ["at"]}]}})"},
      {"abstract bases of abstract bases, and one base on two ways, lend once",
       {{"a", R"({"name": "Root", "options": {"abstract": true},
             "fields": [{"name": "x", "type": "TextField"}]},
           {"name": "Left", "options": {"abstract": true}, "bases": ["Root"]},
           {"name": "Right", "options": {"abstract": true}, "bases": ["Root"],
             "fields": [{"name": "y", "type": "TextField"}]},
           {"name": "Leaf", "bases": ["Left", "Right"]})"}},
       "a.leaf",
       R"({"name": "Leaf", "fields": [
         {"name": "id", "type": "BigAutoField", "primary_key": true},
         {"name": "x", "type": "TextField"}, {"name": "y", "type": "TextField"}]})"},
      {"a base with a table is linked to by the primary key",
       {{"a", R"({"name": "Place"}, {"name": "Cafe", "bases": ["Place"],
             "fields": [{"name": "seats", "type": "IntegerField"}]})"}},
       "a.cafe",
       R"({"name": "Cafe", "fields": [
         {"name": "place_ptr", "type": "OneToOneField", "primary_key": true, "to": "a.Place",
          "on_delete": "CASCADE", "parent_link": true},
         {"name": "seats", "type": "IntegerField"}], "bases": ["a.Place"]})"},
      {"of two bases with tables the first gives the key; abstract ones pass theirs on",
       {{"a", R"({"name": "Place"}, {"name": "Firm"},
             {"name": "Local", "bases": ["Place"], "options": {"abstract": true}},
             {"name": "Cafe", "bases": ["Local", "Firm"]})"}},
       "a.cafe",
       R"({"name": "Cafe", "fields": [
         {"name": "place_ptr", "type": "OneToOneField", "primary_key": true, "to": "a.Place",
          "on_delete": "CASCADE", "parent_link": true},
         {"name": "firm_ptr", "type": "OneToOneField", "to": "a.Firm", "on_delete": "CASCADE",
          "parent_link": true}], "bases": ["a.Place", "a.Firm"]})"},
      {"a declared parent link is used, and becomes the key",
       {{"a", R"({"name": "Place"}, {"name": "Cafe", "bases": ["Place"], "fields": [
             {"name": "at", "type": "OneToOneField", "to": "Place", "on_delete": "CASCADE",
              "parent_link": true}]})"}},
       "a.cafe",
       R"({"name": "Cafe", "fields": [
         {"name": "at", "type": "OneToOneField", "primary_key": true, "to": "a.Place",
          "on_delete": "CASCADE", "parent_link": true}], "bases": ["a.Place"]})"},
      {"a child of a proxy links to the table behind it",
       {{"a",
         R"({"name": "Place"}, {"name": "Spot", "bases": ["Place"], "options": {"proxy": true}},
             {"name": "Cafe", "bases": ["Spot"]})"}},
       "a.cafe",
       R"({"name": "Cafe", "fields": [
         {"name": "place_ptr", "type": "OneToOneField", "primary_key": true, "to": "a.Place",
          "on_delete": "CASCADE", "parent_link": true}], "bases": ["a.Spot"]})"},
      {"a proxy has no fields",
       {{"a", R"({"name": "Place"}, {"name": "Spot", "bases": ["place"],
             "options": {"proxy": true}})"}},
       "a.spot",
       R"({"name": "Spot", "fields": [], "options": {"proxy": true}, "bases": ["a.Place"]})"},
      {"indexes without a name get Django's",
       {{"lab", R"({"name": "AllF", "fields": [{"name": "f_int", "type": "IntegerField"},
             {"name": "f_sm", "type": "SmallIntegerField"}],
             "options": {"indexes": [{"fields": ["f_int", "-f_sm"]}]}})"}},
       "lab.allf",
       R"({"name": "AllF", "fields": [
         {"name": "id", "type": "BigAutoField", "primary_key": true},
         {"name": "f_int", "type": "IntegerField"}, {"name": "f_sm", "type": "SmallIntegerField"}],
         "options": {"indexes": [{"name": "lab_allf_f_int_e00452_idx",
           "fields": ["f_int", "-f_sm"]}]}})"},
      {"made-up names go by column, by the kind of index and by the table",
       {{"lab", R"({"name": "AllF", "fields": [{"name": "n", "type": "IntegerField",
             "db_column": "f_int"}, {"name": "up", "type": "ForeignKey", "to": "self",
             "on_delete": "CASCADE", "null": true}],
             "options": {"indexes": [{"fields": ["n"], "type": "GinIndex"}, {"fields": ["-up"]},
               {"fields": ["up"], "type": "BrinIndex"}]}})"}},
       "lab.allf",
       R"({"name": "AllF", "fields": [
         {"name": "id", "type": "BigAutoField", "primary_key": true},
         {"name": "n", "type": "IntegerField", "db_column": "f_int"},
         {"name": "up", "type": "ForeignKey", "to": "lab.AllF", "on_delete": "CASCADE",
          "null": true}],
         "options": {"indexes": [
           {"type": "GinIndex", "name": "lab_allf_f_int_2981c1_gin", "fields": ["n"]},
           {"name": "lab_allf_up_id_3b7a9d_idx", "fields": ["-up"]},
           {"type": "BrinIndex", "name": "lab_allf_up_id_9110c8_brin", "fields": ["up"]}]}})"},
      {"names of constraints of abstract models are expanded too",
       {{"core", R"({"name": "Rated", "options": {"abstract": true, "constraints": [
             {"type": "CheckConstraint", "name": "%(app_label)s_%(class)s_rate",
              "condition": [">", {"F": "rate"}, 0]}]}, "fields": [
             {"name": "rate", "type": "IntegerField"}]})"},
        {"blog", R"({"name": "Book", "bases": ["core.Rated"]})"}},
       "blog.book",
       R"({"name": "Book", "fields": [
         {"name": "id", "type": "BigAutoField", "primary_key": true},
         {"name": "rate", "type": "IntegerField"}],
         "options": {"constraints": [{"type": "CheckConstraint", "name": "blog_book_rate",
           "condition": [">", {"F": "rate"}, 0]}]}})"},
      {"what says nothing is left out",
       {{"a", R"({"name": "Place", "fields": []}, {"name": "Cafe", "fields": [
             {"name": "at", "type": "OneToOneField", "to": "Place", "to_field": "id",
              "unique": true, "on_delete": "CASCADE"},
             {"name": "ip", "type": "GenericIPAddressField", "protocol": "both"}],
             "options": {"unique_together": [["at", "ip"], ["at", "ip"]]}})"}},
       "a.cafe",
       R"({"name": "Cafe", "fields": [
         {"name": "id", "type": "BigAutoField", "primary_key": true},
         {"name": "at", "type": "OneToOneField", "to": "a.Place", "on_delete": "CASCADE"},
         {"name": "ip", "type": "GenericIPAddressField"}],
         "options": {"unique_together": [["at", "ip"]]}})"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    const ProjectState state = state_of(c.apps);
    const ModelKey key = key_from(c.model);
    CHECK(written(state, key.app, key.model) == written(c.wanted));
  }
}

TEST_CASE("abstract models are not part of the state") {
  const ProjectState state =
      state_of({{"a", R"({"name": "Root", "options": {"abstract": true}})"}});
  CHECK(state.size() == 0);
}

TEST_CASE("names that relations take are expanded for each heir") {
  const ProjectState state = state_of(
      {{"a", R"({"name": "Tag"}, {"name": "Root", "options": {"abstract": true}, "fields": [
           {"name": "tags", "type": "ManyToManyField", "to": "Tag",
            "related_name": "%(app_label)s_%(class)s_items"}]},
           {"name": "One", "bases": ["Root"]}, {"name": "Two", "bases": ["Root"]})"}});
  CHECK(state.get({"a", "one"})->find_field("tags")->related_name == "a_one_items");
  CHECK(state.get({"a", "two"})->find_field("tags")->related_name == "a_two_items");
}

TEST_CASE("an app may have an automatic key of its own") {
  Registry registry;
  registry.add({.label = "a",
                .models = {ModelState{.app = "a", .name = "M"}},
                .default_auto_field = "AutoField"});
  const FinishedModels finished = registry.finish();
  CHECK(finished.problems.empty());
  CHECK(finished.state.get({"a", "m"})->primary_key()->type == FieldType::auto_field);
}

TEST_CASE("models that do not fit together are named, with file and pointer") {
  struct Case {
    const char* label;
    std::vector<App> apps;
    const char* problems;
  };
  const Case cases[] = {
      {"unknown base",
       {{"a", R"({"name": "Place"}, {"name": "Cafe", "bases": ["Plase"]})"}},
       "there is no model \"a.Plase\" to be a base (a.Cafe, a/models.json: /models/1); did you "
       "mean "
       "\"a.Place\"?\n"},
      {"bases in a circle",
       {{"a", R"({"name": "A", "bases": ["B"]}, {"name": "B", "bases": ["A"]})"}},
       "the base \"a.A\" leads back to this model (a.B, a/models.json: /models/1)\n"},
      {"a model as its own base",
       {{"a", R"({"name": "A", "bases": ["A"]})"}},
       "the base \"a.A\" leads back to this model (a.A, a/models.json: /models/0)\n"},
      {"a relation to an abstract model",
       {{"a", R"({"name": "R", "options": {"abstract": true}}, {"name": "A", "fields": [
           {"name": "x", "type": "TextField"},
           {"name": "r", "type": "ForeignKey", "to": "R", "on_delete": "CASCADE"}]})"}},
       "model \"a.R\" is abstract and has no table (a.A.r, a/models.json: /models/1/fields/1); "
       "point "
       "to a model that inherits from it\n"},
      {"a problem in a lent field points to where it was written, for each heir",
       {{"base", R"({"name": "R", "options": {"abstract": true}, "fields": [
           {"name": "p", "type": "DecimalField"}]})"},
        {"a", R"({"name": "A", "bases": ["base.R"]}, {"name": "B", "bases": ["base.R"]})"}},
       "DecimalField needs \"max_digits\" and \"decimal_places\" (a.A.p, base/models.json: "
       "/models/0/fields/0)\n"
       "DecimalField needs \"max_digits\" and \"decimal_places\" (a.B.p, base/models.json: "
       "/models/0/fields/0)\n"},
      {"one index name for two heirs",
       {{"a", R"({"name": "R", "options": {"abstract": true, "indexes": [
           {"name": "same", "fields": ["x"]}]}, "fields": [{"name": "x", "type": "TextField"}]},
           {"name": "A", "bases": ["R"]}, {"name": "B", "bases": ["R"]})"}},
       "name \"same\" is taken by a.A (a.B: index \"same\", a/models.json: "
       "/models/0/options/indexes/0); index and constraint names are unique in a database\n"},
      {"an option",
       {{"a", R"({"name": "A", "options": {"unique_together": ["x"]}})"}},
       "there is no field \"x\" (a.A: unique_together, a/models.json: "
       "/models/0/options/unique_together)\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    CHECK(text(finish(c.apps)) == c.problems);
  }
}

TEST_CASE("apps that cannot be registered are refused") {
  Registry registry;
  registry.add({.label = "blog"});
  CHECK_THROWS_WITH_AS(registry.add({.label = "blog"}), "app \"blog\" is registered twice", Error);
  CHECK_THROWS_WITH_AS(registry.add({.label = "my-blog"}),
                       "\"my-blog\" cannot be the name of an app", Error);
  CHECK_THROWS_WITH_AS(registry.add({.label = ""}), "\"\" cannot be the name of an app", Error);
  registry.add(
      {.label = "shop",
       .models = {ModelState{.app = "shop", .name = "A"}, ModelState{.app = "shop", .name = "a"}},
       .default_auto_field = "UUIDField"});
  CHECK(text(registry.finish()) ==
        "\"UUIDField\" cannot be the default_auto_field (shop); use \"AutoField\", "
        "\"BigAutoField\" or \"SmallAutoField\"\n"
        "the model is declared twice (shop.a)\n"
        "the model has no primary key (shop.A); add a field with \"primary_key\": true\n");
}
