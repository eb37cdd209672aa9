#pragma once

#include "../answers.h"
#include "../context.h"

#include <string>
#include <vector>

namespace turnstone::cli {

// The commands: plain functions that give an exit code and throw Error. One file each.

struct InitOptions {
  std::vector<std::string> apps{};
};
int init(Context& context, const InitOptions& options);

struct MakemigrationsOptions {
  std::vector<std::string> apps{};
  std::string name{};
  bool empty = false;
  bool merge = false;
  bool update = false;
  bool dry_run = false;
  bool check = false;
  bool no_input = false;
  std::vector<std::string> independent{};
  Answers::Flags answers{};
};
int makemigrations(Context& context, const MakemigrationsOptions& options);

struct MigrateOptions {
  std::string app{};
  std::string name{};
  bool plan = false;
  bool check = false;
  bool fake = false;
  bool fake_initial = false;
  bool prune = false;
  bool accept_edited = false;
  bool require_clean = false;
  bool all_databases = false;
  bool sql = false;
  std::string lock_timeout{};
};
int migrate(Context& context, const MigrateOptions& options);

struct RebaseOptions {
  std::string app{};
  std::string onto{};
  bool dry_run = false;
};
int rebase(Context& context, const RebaseOptions& options);

struct SqlmigrateOptions {
  std::string app{};
  std::string name{};
  bool backwards = false;
};
int sqlmigrate(Context& context, const SqlmigrateOptions& options);

struct SquashmigrationsOptions {
  std::string app{};
  std::string start{};  ///< or the end, where that is empty
  std::string end{};
  std::string name{};
  bool no_optimize = false;
  bool dry_run = false;
  bool no_input = false;
};
int squashmigrations(Context& context, const SquashmigrationsOptions& options);

struct RetiresquashOptions {
  std::string app{};
  std::string name{};
  std::vector<std::string> only{};  ///< databases that count
  bool dry_run = false;
  bool no_input = false;
};
int retiresquash(Context& context, const RetiresquashOptions& options);

struct OptimizemigrationOptions {
  std::string app{};
  std::string name{};
  bool check = false;
};
int optimizemigration(Context& context, const OptimizemigrationOptions& options);

struct ShowmigrationsOptions {
  bool graph = false;
  std::vector<std::string> apps{};
  bool list = false;
  bool plan = false;
  bool all_databases = false;
};
int showmigrations(Context& context, const ShowmigrationsOptions& options);

struct CheckOptions {
  std::vector<std::string> apps{};
  bool all_databases = false;
};
int check(Context& context, const CheckOptions& options);

struct FlushOptions {
  bool no_input = false;
};
int flush(Context& context, const FlushOptions& options);

struct DumpdataOptions {
  std::vector<std::string> labels{};  ///< `app` or `app.Model`
  std::vector<std::string> exclude{};
  std::string output{};  ///< file; empty for standard output
  std::string indent{};
};
int dumpdata(Context& context, const DumpdataOptions& options);

struct LoaddataOptions {
  std::vector<std::string> files{};  ///< `-` for standard input
};
int loaddata(Context& context, const LoaddataOptions& options);

struct DiffOptions {
  std::vector<std::string> tables{};  ///< names or patterns
  bool models = false;
  std::string with{};  ///< another database
  bool sql = false;
};
int diff(Context& context, const DiffOptions& options);

struct AdoptOptions {
  std::string app{};
  std::vector<std::string> tables{};  ///< names or patterns
  std::string schema{};
  bool dry_run = false;
};
int adopt(Context& context, const AdoptOptions& options);

struct HistoryOptions {
  std::vector<std::string> apps{};
};
int history(Context& context, const HistoryOptions& options);

struct SchemaOptions {
  std::string app{};
  std::string name{};
  bool models = false;
  bool live = false;
  std::vector<std::string> between{};  ///< two migrations
  std::string log{};                   ///< a table
  std::string form = "text";
  std::string output{};
};
int schema(Context& context, const SchemaOptions& options);

struct InspectdbOptions {
  std::vector<std::string> tables{};  ///< names or patterns
  std::string app{};
  bool include_views = false;
  bool cpp = false;
  std::string schema{};
};
int inspectdb(Context& context, const InspectdbOptions& options);

struct DbshellOptions {
  std::vector<std::string> arguments{};
};
int dbshell(Context& context, const DbshellOptions& options);

struct DumpModelsOptions {
  std::vector<std::string> apps{};
};
int dump_models(Context& context, const DumpModelsOptions& options);

struct JsonSchemaOptions {
  std::string name{};
  std::string write{};  ///< folder
};
int json_schema(Context& context, const JsonSchemaOptions& options);

}  // namespace turnstone::cli
