#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include <chrono>

#include "support/models.h"
#include "support/random_models.h"
#include "support/random_operations.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

/// What one column of one row holds, as a word that tells where it came from; nothing for NULL.
using Cell = std::optional<std::string>;
/// Two rows of one model: what they held at the start, and nothing but NULL where that was allowed.
using Rows = std::vector<std::map<std::string, Cell>>;

/// Rows of all models, followed through operations in words instead of in a database.
class Followed {
 public:
  explicit Followed(const ProjectState& state) : state_(state) {
    state.each([&](const ModelPtr& model) {
      Rows& rows = rows_[key_of(*model).model] = Rows(2);
      for (const Field& field : model->fields) {
        if (!has_column(field)) continue;
        rows[0][field.name] = model->name + "." + field.name;
        rows[1][field.name] = field.null ? Cell() : "second " + field.name;
      }
    });
  }

  void carry_out(const Operation& operation) {
    const ProjectState before = state_;
    advance(state_, "lab", operation);
    if (const auto* create = std::get_if<CreateModel>(&operation.value)) {
      rows_[lower_case(create->name)] = {};
    } else if (const auto* remove = std::get_if<DeleteModel>(&operation.value)) {
      rows_.erase(lower_case(remove->name));
    } else if (const auto* rename = std::get_if<RenameModel>(&operation.value)) {
      Rows rows = std::move(rows_[lower_case(rename->old_name)]);
      rows_.erase(lower_case(rename->old_name));
      rows_[lower_case(rename->new_name)] = std::move(rows);
    } else if (const auto* add = std::get_if<AddField>(&operation.value)) {
      if (!has_column(add->field)) return;
      for (auto& row : rows_[add->model_name]) row[add->field.name] = filled(add->field);
    } else if (const auto* gone = std::get_if<RemoveField>(&operation.value)) {
      for (auto& row : rows_[gone->model_name]) row.erase(gone->name);
    } else if (const auto* renamed = std::get_if<RenameField>(&operation.value)) {
      for (auto& row : rows_[renamed->model_name]) {
        auto node = row.extract(renamed->old_name);
        if (node.empty()) continue;
        node.key() = renamed->new_name;
        row.insert(std::move(node));
      }
    } else if (const auto* alter = std::get_if<AlterField>(&operation.value)) {
      if (!has_column(alter->field)) return;
      const Field was = *before.get({"lab", alter->model_name})->find_field(alter->field.name);
      for (auto& row : rows_[alter->model_name]) {
        Cell& cell = row[alter->field.name];
        if (cell && kind(was) != kind(alter->field)) cell = kind(alter->field) + "(" + *cell + ")";
        if (!cell && was.null && !alter->field.null) {
          cell = filled(alter->field);
          refused_ = refused_ || cell == "?";
        }
      }
    }
  }

  const ProjectState& state() const { return state_; }
  const std::map<std::string, Rows>& rows() const { return rows_; }
  /// A NULL had to become a value and there was none: a database stops there.
  bool refused() const { return refused_; }

 private:
  /// Columns between which values do not change.
  static std::string kind(const Field& field) {
    if (is_text(field.type)) return "text";
    if (is_integer(field.type) || is_auto(field.type)) return "integer";
    std::string name(name_of(field.type));
    if (field.decimal_places) name += std::to_string(*field.decimal_places);
    return name;
  }
  static Cell filled(const Field& field) {
    if (field.default_value) {
      const auto* value = std::get_if<Json>(&*field.default_value);
      return value ? value->text() : "function";
    }
    if (field.db_default) return "db " + field.db_default->value.text();
    if (field.null) return {};
    return accepts_empty_string(field.type) ? "''" : "?";
  }

  ProjectState state_;
  std::map<std::string, Rows> rows_{};
  bool refused_ = false;
};

void check_same_way(const ProjectState& from, const Operations& operations) {
  const Operations shorter = optimize(operations, "lab");
  INFO("before: " << join(described(operations), "; "));
  INFO("after: " << join(described(shorter), "; "));
  CHECK(shorter.size() <= operations.size());
  CHECK((optimize(shorter, "lab") == shorter));
  Followed wanted(from);
  for (const Operation& operation : operations) wanted.carry_out(operation);
  Followed got(from);
  try {
    for (const Operation& operation : shorter) {
      got.carry_out(operation);
      for (const Problem& problem : problems_of(got.state())) {
        FAIL_CHECK(describe(operation) << ": " << problem.where << ": " << problem.message);
      }
    }
  } catch (const Error& error) {
    FAIL_CHECK(error.text());
    return;
  }
  CHECK((got.state() == wanted.state()));
  if (!wanted.refused()) CHECK((got.rows() == wanted.rows()));
}

}  // namespace

TEST_CASE("optimized operations lead to the same state and the same rows") {
  for (std::uint32_t seed = 1; seed <= 1500; ++seed) {
    INFO("seed " << seed);
    RandomOperations random(seed);
    ProjectState state;
    const Operations first = random.list(state, 12);
    check_same_way({}, first);
    const ProjectState from = state;
    const Operations second = random.list(state, 14);
    check_same_way(from, second);
  }
}

TEST_CASE("a whole history squashes into the same state") {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    RandomModels models(seed);
    std::vector<ProjectState> states = {ProjectState{}};
    Operations history;
    Operations later;
    for (int i = 0; i < 10; ++i) {
      models.change();
      KnowingQuestioner questioner(models.renames());
      for (auto& [app, operations] : detect_operations(states.back(), models.state(), questioner)) {
        if (i >= 4) later.insert(later.end(), operations.begin(), operations.end());
        history.insert(history.end(), operations.begin(), operations.end());
      }
      states.push_back(models.state());
    }
    check_same_way({}, history);
    check_same_way(states[4], later);
  }
}

TEST_CASE("five hundred operations are optimized in well under a second") {
  Operations operations;
  for (int i = 0; i < 50; ++i) {
    const std::string name = "Model" + std::to_string(i);
    operations.push_back({CreateModel{name, {id_field()}, {}, {}}});
  }
  for (int i = 0; i < 450; ++i) {
    const std::string name = "model" + std::to_string(i % 50);
    operations.push_back({AddField{
        name, key_field("f" + std::to_string(i), "lab.Model" + std::to_string((i * 7) % 50))}});
  }
  const auto start = std::chrono::steady_clock::now();
  const Operations shorter = optimize(operations, "lab");
  const auto taken = std::chrono::steady_clock::now() - start;
  MESSAGE(shorter.size() << " in "
                         << std::chrono::duration_cast<std::chrono::milliseconds>(taken).count()
                         << " ms");
  CHECK(taken < std::chrono::seconds(4));  // far less where it is built for speed
}
