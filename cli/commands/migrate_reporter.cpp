#include "migrate_reporter.h"

#include <fmt/format.h>

#include <algorithm>

namespace turnstone::cli {
namespace {

using migrations::MigrationReport;
using migrations::Outcome;

std::string seconds(std::chrono::microseconds took) {
  return fmt::format("{:.3f}s", static_cast<double>(took.count()) / 1e6);
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::applied:
      return "applied";
    case Outcome::skipped:
      return "skipped";
    case Outcome::rolled_back:
      return "rolled_back";
    case Outcome::partly_applied:
      return "partly_applied";
    case Outcome::in_doubt:
      break;
  }
  return "in_doubt";
}

std::string_view words_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::applied:
      return "OK";
    case Outcome::skipped:
      return "SKIPPED (another migrate did it)";
    case Outcome::rolled_back:
      return "FAILED (rolled back)";
    case Outcome::partly_applied:
      return "FAILED (done in part)";
    case Outcome::in_doubt:
      break;
  }
  return "FAILED (in doubt)";
}

}  // namespace

void MigrateReporter::waiting_for_lock() {
  break_line();
  output_.note("Waiting for another migrate to finish...\n");
}

void MigrateReporter::begin(const migrations::Migration& migration, bool backwards, bool fake) {
  ++begun_;
  fake_ = fake;
  start_ = std::chrono::steady_clock::now();
  overwritten_ = false;
  line_ = (backwards ? "  Unapplying " : "  Applying ") + migration.id.text() + "...";
  output_.text(line_);
  operations_.clear();
  const auto tell = [&](const migrations::Operation& operation) {
    operations_ += "    " + std::string(1, migrations::category(operation)) + " " +
                   (backwards ? "Undo " : "") + describe(operation) + "\n";
  };
  if (backwards) {
    std::for_each(migration.operations.rbegin(), migration.operations.rend(), tell);
  } else {
    std::for_each(migration.operations.begin(), migration.operations.end(), tell);
  }
}

void MigrateReporter::end(const MigrationReport& report) {
  const bool good = report.outcome == Outcome::applied || report.outcome == Outcome::skipped;
  if (good) ++done_;
  if (overwritten_) output_.text("\r\033[K" + line_);
  if (line_.empty()) output_.text("  " + report.id.text() + "...");
  const bool faked = fake_ && report.outcome == Outcome::applied;
  output_.text(
      " " +
      output_.painted(good ? Role::success : Role::error,
                      faked ? "FAKED" : std::string(words_of(report.outcome))) +
      (faked || report.outcome == Outcome::skipped ? "" : " (" + seconds(report.took) + ")") +
      "\n");
  line_.clear();
  output_.detail(operations_);
  Document item = Document::object();
  document_.add(item.set("app", report.id.app)
                    .set("name", report.id.name)
                    .set("direction", report.backwards ? "backwards" : "forwards")
                    .set("outcome", faked ? "faked" : name_of(report.outcome))
                    .set("seconds", Document::seconds(report.took.count())));
}

void MigrateReporter::step(std::string_view what) {
  if (output_.verbosity() < 3) return;
  break_line();
  std::string text = "      " + std::string(what) + "\n";
  for (std::size_t at = text.find('\n'); at + 1 < text.size(); at = text.find('\n', at + 1)) {
    text.insert(at + 1, "      ");
  }
  output_.detail(text);
}

void MigrateReporter::progress(const std::string& what) {
  const auto took = std::chrono::steady_clock::now() - start_;
  // A short statement would only flicker.
  if (!output_.settings().live || line_.empty() || took < std::chrono::milliseconds(700)) return;
  overwritten_ = true;
  output_.text("\r\033[K" + line_ + " " + what + " (" +
               std::to_string(std::chrono::duration_cast<std::chrono::seconds>(took).count()) +
               "s)");
}

void MigrateReporter::break_line() {
  if (!line_.empty()) output_.text("\n");
  line_.clear();
}

void MigrateReporter::close_line() {
  if (line_.empty()) return;
  output_.text(" " + output_.painted(Role::error, "FAILED") + "\n");
  line_.clear();
}

}  // namespace turnstone::cli
