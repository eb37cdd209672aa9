#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/migrations/compile.h>
#include <turnstone/migrations/executor.h>

namespace turnstone::migrations {
namespace {

/// The same error, with the migration and operation it comes from.
[[noreturn]] void rethrow_at(const Error& error, const Migration& migration, std::size_t index) {
  const std::string place = migration.id.text() + ", operation " + std::to_string(index + 1) +
                            " (" + describe(migration.operations[index]) + ")";
  throw Error(error.kind(), error.what(),
              error.where().empty() ? place : place + ": " + error.where(), error.hint());
}

void plan_steps(std::vector<Step> steps, std::size_t operation, Compiled& compiled,
                std::vector<PlannedStep>& planned) {
  compiled.touches_database[operation] = !steps.empty();
  for (Step& step : steps) planned.push_back(PlannedStep{std::move(step), operation});
}

/// Legal steps, script and history rows.
void finish(Compiled& compiled, const Schema& from, std::vector<PlannedStep> planned,
            const Dialect& dialect) {
  const Migration& migration = *compiled.migration;
  try {
    compiled.steps = dialect.legalize(from, std::move(planned));
    compiled.script = dialect.render(compiled.steps, migration.atomic);
  } catch (const Error& error) {
    const std::string& where = error.where();
    throw Error(error.kind(), error.what(),
                migration.id.text() + (where.empty() ? "" : ": ") + where, error.hint());
  }
  std::vector<Batch>& batches = compiled.script.batches;
  if (!migration.atomic || batches.empty() || !batches.back().transactional) {
    batches.push_back(Batch{});
  }
  Statement row = compiled.backwards ? recorder::delete_row(migration, dialect)
                                     : recorder::insert_row(migration, dialect);
  batches.back().items.push_back(ScriptItem{.item = std::move(row)});
}

}  // namespace

Compiled compile_forwards(std::shared_ptr<const Migration> migration, Moment& moment,
                          const Dialect& dialect, const Functions& functions) {
  Compiled compiled{.migration = std::move(migration)};
  const Operations& operations = compiled.migration->operations;
  const Schema from = moment.schema;
  std::vector<PlannedStep> planned;
  compiled.touches_database.resize(operations.size());
  for (std::size_t i = 0; i < operations.size(); ++i) {
    compiled.states.push_back(moment.state);
    try {
      plan_steps(
          forward_steps(moment, compiled.migration->id.app, operations[i], dialect, functions), i,
          compiled, planned);
    } catch (const Error& error) {
      rethrow_at(error, *compiled.migration, i);
    }
  }
  finish(compiled, from, std::move(planned), dialect);
  return compiled;
}

Compiled compile_backwards(std::shared_ptr<const Migration> migration, const Moment& before,
                           const Dialect& dialect, const Functions& functions) {
  Compiled compiled{.migration = std::move(migration), .backwards = true};
  const Operations& operations = compiled.migration->operations;
  const std::string& app = compiled.migration->id.app;
  compiled.touches_database.resize(operations.size());
  std::vector<Moment> moments{before};
  std::vector<PlannedStep> planned;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    compiled.states.push_back(moments.back().state);
    Moment next = moments.back();
    try {
      // Only the moment counts here, but steps may be what tells that an operation does not fit.
      forward_steps(next, app, operations[i], dialect, functions);
    } catch (const Error& error) {
      rethrow_at(error, *compiled.migration, i);
    }
    moments.push_back(std::move(next));
  }
  for (std::size_t i = operations.size(); i-- > 0;) {
    try {
      plan_steps(backward_steps(moments[i], moments[i + 1], app, operations[i], dialect, functions),
                 i, compiled, planned);
    } catch (const Error& error) {
      rethrow_at(error, *compiled.migration, i);
    }
  }
  finish(compiled, moments.back().schema, std::move(planned), dialect);
  return compiled;
}

namespace {

void comment(std::string& text, const std::string& words) {
  std::size_t start = 0;
  while (start <= words.size()) {
    const std::size_t end = std::min(words.find('\n', start), words.size());
    text += "-- " + words.substr(start, end - start) + "\n";
    start = end + 1;
  }
}

struct ItemText {
  std::string& text;
  const Dialect& dialect;
  void operator()(const Statement& s) const { text += dialect.shell().statement(s); }
  void operator()(const CodeCall& c) const {
    comment(text, "runs the registered function " + c.function + ", which cannot be shown as SQL");
  }
  void operator()(const Procedure& p) const { comment(text, p.comment); }
};

}  // namespace

std::string to_text(const Compiled& compiled, const Dialect& dialect) {
  const Migration& migration = *compiled.migration;
  std::string text;
  for (const std::string& setting : compiled.script.setup) text += setting + ";\n";
  std::vector<bool> told(migration.operations.size());
  const auto heading = [&](std::size_t operation, const std::string& more) {
    text += "--\n";
    comment(text, (compiled.backwards ? "undo: " : "") + describe(migration.operations[operation]) +
                      more);
    text += "--\n";
  };
  const auto tell = [&](std::size_t operation) {
    told[operation] = true;
    heading(operation, "");
  };
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < migration.operations.size(); ++i) {
    order.push_back(compiled.backwards ? migration.operations.size() - 1 - i : i);
  }
  std::size_t position = 0;
  std::size_t current = ScriptItem::npos;
  // Operations that have no statement of their own are told in their place.
  const auto tell_until = [&](std::size_t operation) {
    if (operation != ScriptItem::npos && told[operation]) {
      // What had to wait, such as a foreign key to a table that a later operation makes.
      heading(operation, ", continued");
      return;
    }
    while (position < order.size() && order[position] != operation) {
      const std::size_t passed = order[position++];
      if (told[passed]) continue;
      tell(passed);
      comment(text, compiled.touches_database[passed] ? "(done together with another operation)"
                                                      : "(no-op)");
    }
    if (operation != ScriptItem::npos && !told[operation]) tell(operation);
  };
  for (const Batch& batch : compiled.script.batches) {
    if (batch.items.empty()) continue;
    if (batch.transactional) text += std::string(dialect.begin()) + ";\n";
    for (const ScriptItem& item : batch.items) {
      if (item.operation != current) tell_until(item.operation);
      if (item.operation == ScriptItem::npos && current != item.operation) {
        text += "--\n-- history\n--\n";
      }
      current = item.operation;
      match(item.item, ItemText{text, dialect});
    }
    if (batch.transactional) text += "COMMIT;\n";
  }
  for (const std::string& setting : compiled.script.teardown) text += setting + ";\n";
  return text;
}

}  // namespace turnstone::migrations
