#include "soft_applied.h"

#include <turnstone/schema/lower.h>

namespace turnstone::migrations {
namespace {

bool has_own_table(const ModelState& model) {
  return !model.options.proxy && model.options.managed && !model.options.abstract;
}

/// What `CreateModel` and `AddField` would make, looked up in the live database.
class Presence {
 public:
  Presence(const ProjectState& after, Connection& connection, const Backend& backend)
      : after_(after), connection_(connection), backend_(backend) {}

  /// Operations that make something seen so far, and whether all of it is there.
  bool complete() const { return seen_ > 0 && missing_ == 0; }

  void model(const std::string& app, const std::string& name) {
    const ModelPtr model = after_.find(key_from(name, app));
    if (!model || !has_own_table(*model)) return;
    count(backend_.has_table(connection_, database_table(*model, backend_.dialect())));
  }
  void field(const std::string& app, const std::string& model_name, const std::string& name) {
    const ModelPtr model = after_.find(key_from(model_name, app));
    const Field* field = model ? model->find_field(name) : nullptr;
    if (!field || !has_own_table(*model)) return;
    if (field->type == FieldType::many_to_many) {
      if (!field->through.empty()) return;
      const std::string table = many_to_many_table(*model, *field, backend_.dialect());
      return count(backend_.has_table(connection_, table));
    }
    if (!has_column(*field)) return;
    const TablePtr table = schema().find(database_table(*model, backend_.dialect()));
    count(table && table->find_column(column_name(*field)));
  }

 private:
  const Schema& schema() {
    if (schema_) return *schema_;
    Schema wanted;
    after_.each([&](const ModelPtr& model) {
      wanted.set(Table{.name = database_table(*model, backend_.dialect())});
    });
    schema_ = backend_.introspect(connection_, named_places(wanted));
    return *schema_;
  }
  void count(bool found) {
    ++seen_;
    missing_ += found ? 0 : 1;
  }

  const ProjectState& after_;
  Connection& connection_;
  const Backend& backend_;
  std::optional<Schema> schema_{};
  int seen_ = 0;
  int missing_ = 0;
};

}  // namespace

bool soft_applied(const Migration& migration, const Moment& before, Connection& connection,
                  const Backend& backend) {
  if (!migration.is_initial()) return false;
  ProjectState after = before.state;
  advance(after, migration);
  Presence found(after, connection, backend);
  for (const Operation& operation : migration.operations) {
    const std::string& app = migration.id.app;
    if (const auto* create = std::get_if<CreateModel>(&operation.value)) {
      found.model(app, create->name);
    } else if (const auto* add = std::get_if<AddField>(&operation.value)) {
      found.field(app, add->model_name, add->field.name);
    }
  }
  return found.complete();
}

}  // namespace turnstone::migrations
