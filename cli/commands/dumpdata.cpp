#include <turnstone/identifier.h>
#include <turnstone/migrations/fixtures.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include "../database_state.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

namespace fs = std::filesystem;

std::string app_of(const std::string& label) { return label.substr(0, label.find('.')); }

std::vector<std::string> apps_of(const std::vector<std::string>& labels) {
  std::vector<std::string> apps;
  for (const std::string& label : labels) apps.push_back(app_of(label));
  return apps;
}

/// What labels mean: whole apps and models.
class Selection {
 public:
  /// Throws Error{usage} for a model that is not there.
  Selection(const std::vector<std::string>& labels, const ProjectState& state) {
    for (const std::string& label : labels) {
      if (label.find('.') == std::string::npos) {
        apps_.insert(label);
        continue;
      }
      const ModelPtr model = state.find(key_from(label));
      if (!model) refuse(label, state);
      models_.insert(concrete_key(state, model));
    }
  }
  bool has(const ModelState& model) const {
    return apps_.contains(model.app) || models_.contains(key_of(model));
  }

 private:
  /// A proxy has the rows of the model it stands for.
  static ModelKey concrete_key(const ProjectState& state, ModelPtr model) {
    while (model->options.proxy && !model->bases.empty()) {
      model = state.get(key_from(model->bases.front(), model->app));
    }
    return key_of(*model);
  }
  [[noreturn]] static void refuse(const std::string& label, const ProjectState& state) {
    std::vector<std::string> names;
    state.each([&](const ModelPtr& model) {
      if (model->app == app_of(label)) names.push_back(model->app + "." + model->name);
    });
    const std::string near = did_you_mean(label, names);
    throw Error(ErrorKind::usage, "there is no model \"" + label + "\"", {},
                near.empty() && !names.empty() ? "known: " + join(names, ", ") : near);
  }

  std::set<std::string> apps_{};
  std::set<ModelKey> models_{};
};

int indent_of(const std::string& text) {
  if (text.empty()) return 0;
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') return text[0] - '0';
  throw Error(ErrorKind::usage, "\"" + text + "\" is no number of blanks", "--indent",
              "give a number from 0 to 9");
}

/// A file that appears whole, or not at all.
class NewFile {
 public:
  explicit NewFile(fs::path file)
      : file_(std::move(file)), beside_(file_.string() + "." + std::to_string(getpid()) + ".new") {
    errno = 0;
    out_.open(beside_, std::ios::binary | std::ios::trunc);
    if (!out_) fail();
  }
  ~NewFile() {
    std::error_code ignored;
    if (!kept_) fs::remove(beside_, ignored);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  std::ostream& stream() { return out_; }
  void keep() {
    out_.close();
    if (!out_) fail();
    std::error_code problem;
    fs::rename(beside_, file_, problem);
    if (problem) {
      throw Error(ErrorKind::bad_file, "cannot write the file: " + problem.message(),
                  file_.string());
    }
    kept_ = true;
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(ErrorKind::bad_file,
                "cannot write the file" +
                    (errno ? ": " + std::string(std::strerror(errno)) : std::string()),
                file_.string());
  }

  fs::path file_;
  fs::path beside_;
  std::ofstream out_{};
  bool kept_ = false;
};

}  // namespace

int dumpdata(Context& context, const DumpdataOptions& options) {
  const int indent = indent_of(options.indent);
  const RowsDatabase database = open_rows(context);
  check_labels(context, database.project, apps_of(options.labels));
  check_labels(context, database.project, apps_of(options.exclude));
  Connection& connection = *database.connection;
  Transaction transaction(connection, database.backend->dialect().begin_reading());
  const DatabaseState found = state_of(database);
  refuse_pending(context, database, found, apps_of(options.labels));
  const Selection wanted(options.labels, found.state);
  const Selection excluded(options.exclude, found.state);
  const auto models = migrations::fixture_order(found.state, [&](const ModelState& model) {
    return (options.labels.empty() || wanted.has(model)) && !excluded.has(model);
  });
  const auto dump = [&](std::ostream& out) {
    const auto rows =
        migrations::dump_rows(found.state, models, connection, *database.backend, indent, out);
    transaction.rollback();
    return rows;
  };
  if (options.output.empty()) {
    std::ostream& out = context.surroundings.out;
    dump(out);
    if (!out.flush()) throw Error(ErrorKind::bad_file, "cannot write to standard output");
    return exit_done;
  }
  NewFile file(context.surroundings.folder / options.output);
  const std::vector<migrations::ModelRows> rows = dump(file.stream());
  file.keep();
  std::int64_t count = 0;
  for (const migrations::ModelRows& model : rows) count += model.rows;
  context.output.text("Wrote " + std::to_string(count) + (count == 1 ? " row" : " rows") + " of " +
                      std::to_string(rows.size()) + (rows.size() == 1 ? " model" : " models") +
                      " to " + options.output + "\n");
  for (const migrations::ModelRows& model : rows) {
    context.output.detail("  " + model.model + ": " + std::to_string(model.rows) + "\n");
  }
  Document document = Document::object();
  context.output.document(document.set("database", database.chosen.name())
                              .set("file", options.output)
                              .set("rows", count)
                              .set("models", document_of(rows)));
  return exit_done;
}

}  // namespace turnstone::cli
