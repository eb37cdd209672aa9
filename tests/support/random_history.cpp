#include "support/random_history.h"

#include <doctest/doctest.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>
#include <turnstone/schema/lower.h>

#include <set>

namespace turnstone::test {

using namespace migrations;  // NOLINT: all of a history's parts

std::vector<Migration> detected(const ProjectState& from, const ProjectState& to,
                                const ExistingMigrations& existing, Questioner& questioner) {
  std::vector<Migration> migrations;
  for (auto& [app, list] :
       detect_changes(from, to, existing, questioner, {.timestamp = "20261125_1020"})) {
    for (Migration& migration : list) {
      migration.digest = digest_of(migration);
      migrations.push_back(std::move(migration));
    }
  }
  return migrations;
}

namespace {

void insert_rows_of(Lab& lab, const ModelState& model) {
  for (const int number : {1, 2}) {
    std::vector<std::string> columns{column_name(model.fields.front())};
    std::vector<std::string> values{std::to_string(number)};
    if (!model.options.order_with_respect_to.empty()) {
      columns.push_back("_order");
      values.push_back(std::to_string(number));
    }
    for (const Field& field : model.fields) {
      if (field.primary_key || !has_column(field) || is_relation(field.type) ||
          field.type == FieldType::generated) {
        continue;
      }
      columns.push_back(column_name(field));
      const bool null = number == 2 && field.null;
      values.push_back(null ? "NULL" : lab.dialect().literal(sample_default(field), field));
    }
    lab.execute("INSERT INTO " + quote_identifier(database_table(model, lab.dialect())) + " (" +
                quote_identifiers(columns) + ") VALUES (" + join(values, ", ") + ")");
  }
}

/// `migrations`, which come behind `files`, in the order in which they are applied.
std::vector<Migration> in_order(std::vector<Migration> files, std::vector<Migration> migrations) {
  std::set<MigrationId> fresh;
  for (const Migration& migration : migrations) fresh.insert(migration.id);
  std::move(migrations.begin(), migrations.end(), std::back_inserter(files));
  const Graph graph(std::move(files), nullptr);
  std::vector<Migration> ordered;
  for (const MigrationId& id : graph.full_order()) {
    if (fresh.contains(id)) ordered.push_back(graph.at(id));
  }
  return ordered;
}

}  // namespace

void insert_rows(Lab& lab, const ProjectState& state) {
  for (const bool heirs : {false, true}) {
    state.each([&](const ModelPtr& model) {
      const bool has_table = model->options.managed && !model->options.proxy;
      if (has_table && model->bases.empty() != heirs) insert_rows_of(lab, *model);
    });
  }
}

std::vector<Round> make_history(std::uint32_t seed, std::string& story, Vocabulary vocabulary,
                                const std::string& other_app) {
  RandomModels models(seed, vocabulary, other_app);
  std::vector<Round> rounds;
  std::vector<Migration> files;
  ExistingMigrations existing;
  const int count = 3 + static_cast<int>(seed % 4);
  for (int i = 0; i < count; ++i) {
    const ProjectState before = models.state();
    models.change();
    for (const std::string& item : models.log()) {
      story += "round " + std::to_string(i) + ": " + item + "\n";
    }
    KnowingQuestioner questioner(models.renames());
    Round round{
        .migrations = in_order(files, detected(before, models.state(), existing, questioner)),
        .state = models.state()};
    ProjectState reached = before;
    for (const Migration& migration : round.migrations) {
      advance(reached, migration);
      existing.leaf[migration.id.app] = migration.id.name;
      files.push_back(migration);
      for (const Operation& operation : migration.operations) {
        story += "  " + migration.id.text() + ": " + describe(operation) + "\n";
      }
    }
    INFO(story);
    REQUIRE(reached == models.state());
    KnowingQuestioner again(models.renames());
    REQUIRE(detected(models.state(), models.state(), existing, again).empty());
    rounds.push_back(std::move(round));
  }
  return rounds;
}

}  // namespace turnstone::test
