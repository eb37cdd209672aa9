#include <turnstone/identifier.h>
#include <turnstone/manage.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>

#include "commands/commands.h"
#include "prepare.h"
#include "surroundings.h"

// The one file that knows CLI11: which flags there are, and their help.

namespace turnstone::cli {
namespace {

const std::string common_group = "Options of every command";
/// Of arguments that are needed, where which of them is given is told afterwards.
const std::string needed_group = "needed";

/// `name` and, in a column of its own, `words`: on the next line where the name is too long.
std::string entry(const std::string& name, const std::string& words, std::size_t width) {
  std::string text = "  " + name;
  if (text.size() + 2 > width) {
    text += "\n" + std::string(width, ' ');
  } else {
    text.resize(width, ' ');
  }
  for (const char c : words) {
    text += c;
    if (c == '\n') text += std::string(width, ' ');
  }
  return text + "\n";
}

/// Help as a person reads it: usage, arguments, options by group, an example.
class HelpText : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    std::string text = app->get_description() + "\n\nUsage:\n  " + usage(app) + "\n";
    if (const std::string arguments = section(app, true, ""); !arguments.empty()) {
      text += "\nArguments:\n" + arguments;
    }
    const auto commands = app->get_subcommands([](const CLI::App*) { return true; });
    if (!commands.empty()) text += "\nCommands:\n";
    for (const CLI::App* command : commands) {
      text += entry(command->get_name(), first_sentence(command->get_description()), 22);
    }
    std::vector<std::string> groups = app->get_groups();
    std::stable_partition(groups.begin(), groups.end(),
                          [](const std::string& group) { return group != common_group; });
    for (const std::string& group : groups) {
      const std::string options = section(app, false, group);
      if (!options.empty()) text += "\n" + group + ":\n" + options;
    }
    return text + "\n" + app->get_footer() + "\n";
  }

 private:
  static std::string first_sentence(const std::string& text) {
    return text.substr(0, text.find(".\n"));
  }

  static std::string usage(const CLI::App* app) {
    std::string text;
    for (const CLI::App* at = app; at; at = at->get_parent()) {
      text.insert(0, at->get_name() + (text.empty() ? "" : " "));
    }
    if (!app->get_subcommands([](const CLI::App*) { return true; }).empty()) {
      return text + " COMMAND [OPTION...]";
    }
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_positional()) text += " " + name_of(option);
    }
    return text + " [OPTION...]";
  }

  static std::string name_of(const CLI::Option* option) {
    if (option->get_positional()) {
      const std::string name =
          option->get_single_name() + (option->get_expected_max() > 1 ? "..." : "");
      const bool needed = option->get_required() || option->get_group() == needed_group;
      return needed ? name : "[" + name + "]";
    }
    std::string text;
    for (const std::string& name : option->get_snames()) text += "-" + name + ", ";
    for (const std::string& name : option->get_lnames()) text += "--" + name + ", ";
    text.resize(text.size() - 2);
    return option->get_type_size() == 0 ? text : text + " " + option->get_type_name();
  }

  static std::string section(const CLI::App* app, bool positional, const std::string& group) {
    constexpr std::size_t width = 30;
    std::string text;
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_positional() != positional) continue;
      if (!positional && option->get_group() != group) continue;
      text += entry(name_of(option), option->get_description(), width);
    }
    return text;
  }
};

/// Everything the command line can say.
class CommandLine {
 public:
  CommandLine(std::string program, bool built_in_models)
      : app_(std::string("Turnstone ") + TURNSTONE_VERSION +
                 ": migrations for SQLite and PostgreSQL, made from what your models are.",
             std::move(program)),
        built_in_models_(built_in_models) {
    app_.formatter(std::make_shared<HelpText>());
    app_.set_help_flag("-h,--help", "show this help");
    app_.option_defaults()->disable_flag_override();  // `--fake=false` is no way to say no
    app_.add_flag("--version", version_, "show the version");
    app_.get_option("--help")->group(common_group);
    app_.get_option("--version")->group("Other options");
    add_common(app_);
    app_.footer("Help on one command: " + app_.get_name() + " COMMAND --help");
    add_init();
    add_makemigrations();
    add_migrate();
    add_rebase();
    add_sqlmigrate();
    add_squashmigrations();
    add_retiresquash();
    add_optimizemigration();
    add_showmigrations();
    add_history();
    add_check();
    add_diff();
    add_schema();
    add_inspectdb();
    add_adopt();
    add_flush();
    add_dumpdata();
    add_loaddata();
    add_dbshell();
    add_dump_models();
    add_json_schema();
    for (const auto& known : commands_) {
      for (CLI::Option* option : known.first->get_options()) {
        // `--plan=no` would be taken as a yes.
        if (option->get_type_size() == 0) option->disable_flag_override();
      }
    }
  }

  /// Throws Error{usage}, or CLI::CallForHelp.
  void parse(std::vector<std::string> arguments);
  std::string help() const { return app_.help(); }
  bool version() const { return version_; }
  const Globals& globals() const { return globals_; }
  /// Nothing where no command was given.
  const std::function<int(Context&)>* command() const;

 private:
  struct Words {
    std::string name{};
    std::string description{};
    std::string example{};
  };
  CLI::App* add(const Words& words, std::function<int(Context&)> run) {
    CLI::App* command = app_.add_subcommand(words.name, words.description);
    command->set_help_flag("-h,--help", "show this help");
    command->get_option("--help")->group(common_group);
    std::string example = words.example;
    for (std::size_t at = 0; (at = example.find('@', at)) != std::string::npos;) {
      example.replace(at, 1, app_.get_name());
    }
    command->footer("Example:\n  " + example);
    add_common(*command);
    commands_.emplace_back(command, std::move(run));
    return command;
  }

  /// Behind the command as well as before it.
  void add_common(CLI::App& command) {
    command
        .add_option("--database", globals_.database,
                    "alias in turnstone.json or URL; unless given,\nDATABASE_URL, then the "
                    "alias \"default\"")
        ->type_name("NAME");
    command
        .add_option("--project", globals_.project,
                    "folder of turnstone.json; unless given, here or above")
        ->type_name("DIR");
    command
        .add_option("--format", globals_.format, "text, or json: one document on standard output")
        ->type_name("FORMAT");
    command.add_option("-v,--verbosity", verbosity_, "0 quiet, 1 normal, 2 or 3 more")
        ->type_name("N");
    command.add_flag("--no-color", globals_.no_color, "no colours; NO_COLOR does the same");
    for (const char* name : {"--database", "--project", "--format", "--verbosity", "--no-color"}) {
      command.get_option(name)->group(common_group);
    }
  }

  static CLI::Option* many(CLI::App* command, const std::string& name,
                           std::vector<std::string>& values, const std::string& form,
                           const std::string& description) {
    return command->add_option(name, values, description)->type_name(form)->allow_extra_args(false);
  }

  void add_init();
  void add_makemigrations();
  void add_migrate();
  void add_rebase();
  void add_sqlmigrate();
  void add_squashmigrations();
  void add_retiresquash();
  void add_optimizemigration();
  void add_showmigrations();
  void add_history();
  void add_check();
  void add_diff();
  void add_schema();
  void add_inspectdb();
  void add_adopt();
  void add_flush();
  void add_dumpdata();
  void add_loaddata();
  void add_dbshell();
  void add_dump_models();
  void add_json_schema();
  [[noreturn]] void refuse_extras() const;
  void check_globals();

  CLI::App app_;
  bool built_in_models_ = false;
  bool version_ = false;
  Globals globals_{};
  std::string verbosity_ = "1";
  std::vector<std::pair<CLI::App*, std::function<int(Context&)>>> commands_{};

  InitOptions init_{};
  MakemigrationsOptions makemigrations_{};
  MigrateOptions migrate_{};
  RebaseOptions rebase_{};
  SqlmigrateOptions sqlmigrate_{};
  SquashmigrationsOptions squashmigrations_{};
  RetiresquashOptions retiresquash_{};
  OptimizemigrationOptions optimizemigration_{};
  ShowmigrationsOptions showmigrations_{};
  HistoryOptions history_{};
  DiffOptions diff_{};
  SchemaOptions schema_{};
  InspectdbOptions inspectdb_{};
  AdoptOptions adopt_{};
  CheckOptions check_{};
  FlushOptions flush_{};
  DumpdataOptions dumpdata_{};
  LoaddataOptions loaddata_{};
  DbshellOptions dbshell_{};
  DumpModelsOptions dump_models_{};
  JsonSchemaOptions json_schema_{};
};

void CommandLine::add_init() {
  CLI::App* command =
      add({"init",
           "Begins a project, or adds apps to one.\nWrites turnstone.json and, for each APP, a "
           "file for its models.",
           built_in_models_ ? "@ init --database postgresql://me@localhost/shop"
                            : "@ init blog --database sqlite:///app.db"},
          [this](Context& context) { return init(context, init_); });
  command->add_option("APP", init_.apps, "apps to add");
}

void CommandLine::add_makemigrations() {
  CLI::App* command =
      add({"makemigrations",
           "Writes migrations for what changed in the models.\nA migration and its snapshot are "
           "written together, or not at all.",
           "@ makemigrations blog --name more_about_books\n"
           "  @ makemigrations --rename blog.Book.title:name --default 'blog.Book.isbn=\"\"'"},
          [this](Context& context) { return makemigrations(context, makemigrations_); });
  MakemigrationsOptions& o = makemigrations_;
  command->add_option("APP", o.apps, "apps to look at; all unless given");
  command->add_option("-n,--name", o.name, "use this name, behind the number")->type_name("NAME");
  command->add_flag("--empty", o.empty, "write a migration without operations");
  command->add_flag("--merge", o.merge,
                    "join branches that go in any order, and settle\nsnapshots");
  command->add_flag("--update", o.update, "put the changes into the latest migration");
  command->add_flag("--dry-run", o.dry_run, "write nothing; -v 3 shows the files");
  command->add_flag("--check", o.check, "write nothing; exit 1 if there are changes");
  command->add_flag("--noinput,--no-input", o.no_input, "ask nothing");
  many(command, "--rename", o.answers.rename, "APP.MODEL.OLD:NEW",
       "the field was renamed (MODEL by its new name)");
  many(command, "--rename-model", o.answers.rename_model, "APP.OLD:NEW", "the model was renamed");
  many(command, "--move-model", o.answers.move_model, "APP.MODEL:TO",
       "the model was moved to another app");
  command->add_flag("--assume-renames", o.answers.assume_renames,
                    "what looks like a rename is one");
  many(command, "--default", o.answers.default_for, "APP.MODEL.FIELD=JSON",
       "value for rows that are there; null for none");
  many(command, "--remove", o.answers.remove, "APP.MODEL[.FIELD]",
       "the field or model is gone for good, not renamed");
  many(command, "--independent", o.independent, "APP.NAME",
       "with --merge: that migration's code may run before\nor after the other branch");
  for (const char* name : {"--rename", "--rename-model", "--move-model", "--assume-renames",
                           "--default", "--remove", "--independent"}) {
    command->get_option(name)->group("Answers to questions, may be repeated");
  }
}

void CommandLine::add_migrate() {
  CLI::App* command = add({"migrate",
                           "Applies migrations, or takes them back.\nEach runs in a transaction "
                           "of its own; one migrator at a time.",
                           "@ migrate                to the latest\n"
                           "  @ migrate blog 0002      there, forwards or back\n"
                           "  @ migrate blog zero      back to nothing\n"
                           "  @ migrate --sql          > plan.sql"},
                          [this](Context& context) { return migrate(context, migrate_); });
  MigrateOptions& o = migrate_;
  command->add_option("APP", o.app, "the app; all unless given");
  command->add_option("NAME", o.name, "migration (the beginning of its name is\nenough), or zero");
  command->add_flag("--plan", o.plan, "show what would be done");
  command->add_flag("--check", o.check, "do nothing; exit 1 if there is something to do");
  command->add_flag(
      "--sql", o.sql,
      "print it as one script for psql or sqlite3, which\nmay be run again at any time");
  command->add_flag("--fake", o.fake, "record as done, without running");
  command->add_flag("--fake-initial", o.fake_initial,
                    "record first migrations whose tables are there");
  command->add_flag("--prune", o.prune, "forget applied migrations that have no file");
  command->add_flag("--all-databases", o.all_databases,
                    "every database of turnstone.json in turn, up to\none that fails");
  command->add_flag("--accept-edited", o.accept_edited,
                    "take files edited after they were applied as\nthey are");
  command->add_flag("--require-clean", o.require_clean,
                    "refuse where the database is not what its\nmigrations made (see diff)");
  command
      ->add_option("--lock-timeout", o.lock_timeout,
                   "how long to wait for another migrate: 10s,\n500ms; 0 does not wait")
      ->type_name("TIME");
  command->add_flag(
      "--noinput,--no-input", [](std::int64_t) {}, "accepted; nothing is asked");
}

void CommandLine::add_rebase() {
  CLI::App* command =
      add({"rebase",
           "Puts a branch of an app's migrations behind the other one.\nIts files get new numbers, "
           "and whatever names them follows.\nThe local branch is the one no database has applied.",
           "@ rebase blog\n  @ rebase blog --onto 0007_from_main --dry-run"},
          [this](Context& context) { return rebase(context, rebase_); });
  command->add_option("APP", rebase_.app, "the app")->required();
  command->add_option("--onto", rebase_.onto, "the branch that stays, by one of its migrations")
      ->type_name("NAME");
  command->add_flag("--dry-run", rebase_.dry_run, "write nothing");
}

void CommandLine::add_sqlmigrate() {
  CLI::App* command = add({"sqlmigrate",
                           "Prints the SQL of a migration.\nIt is what migrate runs when its turn "
                           "comes in that database. With \"--database sqlite\"\nor postgresql, or "
                           "where none can be reached, in an empty one.",
                           "@ sqlmigrate blog 0002 --database postgresql"},
                          [this](Context& context) { return sqlmigrate(context, sqlmigrate_); });
  command->add_option("APP", sqlmigrate_.app, "the app")->required();
  command->add_option("NAME", sqlmigrate_.name, "migration, or the beginning of its name")
      ->required();
  command->add_flag("--backwards", sqlmigrate_.backwards, "the way back");
}

void CommandLine::add_squashmigrations() {
  CLI::App* command =
      add({"squashmigrations",
           "Writes one migration in place of several.\nThe old files stay until retiresquash: "
           "databases "
           "in the middle of them go on.",
           "@ squashmigrations blog 0004            0001 to 0004\n"
           "  @ squashmigrations blog 0002 0004 --squashed-name books"},
          [this](Context& context) { return squashmigrations(context, squashmigrations_); });
  SquashmigrationsOptions& o = squashmigrations_;
  command->add_option("APP", o.app, "the app")->required();
  command->add_option("START", o.start, "first migration; that of the app unless given");
  command->add_option("END", o.end, "last migration, or the beginning of its name")
      ->group(needed_group);
  command->add_flag("--no-optimize", o.no_optimize, "keep all operations as they are");
  command->add_option("--squashed-name", o.name, "use this name, behind the number")
      ->type_name("NAME");
  command->add_flag("--dry-run", o.dry_run, "write nothing; -v 3 shows the file");
  command->add_flag("--noinput,--no-input", o.no_input, "ask nothing");
}

void CommandLine::add_retiresquash() {
  CLI::App* command = add(
      {"retiresquash",
       "Makes a squash a migration like any other.\nRemoves the old files, once every database of "
       "turnstone.json has the squash recorded, or\nnothing of it yet.",
       "@ retiresquash blog 0001_squashed_0004"},
      [this](Context& context) { return retiresquash(context, retiresquash_); });
  RetiresquashOptions& o = retiresquash_;
  command->add_option("APP", o.app, "the app")->required();
  command->add_option("NAME", o.name, "squash, or the beginning of its name")->required();
  many(command, "--only", o.only, "NAME",
       "alias or URL of a database that counts, may be\nrepeated; all unless given");
  command->add_flag("--dry-run", o.dry_run, "change nothing");
  command->add_flag("--noinput,--no-input", o.no_input, "ask nothing");
}

void CommandLine::add_optimizemigration() {
  CLI::App* command = add(
      {"optimizemigration",
       "Shortens a migration's operations.\nDatabases that have applied it take the new file as "
       "the same migration.",
       "@ optimizemigration blog 0002 --check"},
      [this](Context& context) { return optimizemigration(context, optimizemigration_); });
  OptimizemigrationOptions& o = optimizemigration_;
  command->add_option("APP", o.app, "the app")->required();
  command->add_option("NAME", o.name, "migration, or the beginning of its name")->required();
  command->add_flag("--check", o.check, "write nothing; exit 1 if it can be shortened");
}

void CommandLine::add_showmigrations() {
  CLI::App* command =
      add({"showmigrations",
           "Shows migrations and which are applied.\n[X] applied, [ ] not, [-] to be recorded by "
           "the next migrate, [?] no file.",
           "@ showmigrations blog -v 2"},
          [this](Context& context) { return showmigrations(context, showmigrations_); });
  command->add_option("APP", showmigrations_.apps, "apps to show; all unless given");
  command->add_flag("-l,--list", showmigrations_.list, "by app, as is usual");
  command->add_flag("-p,--plan", showmigrations_.plan, "in the order they are applied");
  command->add_flag("--graph", showmigrations_.graph,
                    "as a drawing, latest first: * applied, o not");
  command->add_flag("--all-databases", showmigrations_.all_databases,
                    "every database of turnstone.json");
}

void CommandLine::add_history() {
  CLI::App* command = add({"history",
                           "Lists what is applied in a database, in that order.\nWith the time "
                           "(UTC), how long it took, the version that ran it, and the digest of "
                           "the file as it\nwas applied.",
                           "@ history blog"},
                          [this](Context& context) { return history(context, history_); });
  command->add_option("APP", history_.apps, "apps to list; all unless given");
}

void CommandLine::add_diff() {
  CLI::App* command =
      add({"diff",
           "Compares a database with what its applied migrations say.\nOr with the models, or "
           "with another database. Exit 1 for any difference.",
           "@ diff\n  @ diff --models 'blog_*' --sql\n  @ diff --with production"},
          [this](Context& context) { return diff(context, diff_); });
  DiffOptions& o = diff_;
  command->add_option("TABLE", o.tables, "tables, or patterns such as 'shop_*'; all unless\ngiven");
  command->add_flag("--models", o.models, "with the models as they are now");
  command->add_option("--with", o.with, "with another database, alias or URL")->type_name("NAME");
  command->add_flag("--sql", o.sql, "print the SQL that would close the gap, either way");
}

void CommandLine::add_schema() {
  CLI::App* command =
      add({"schema",
           "Shows tables: after all migrations, or after one.\nOr those of the models, or those of "
           "the database; as text, JSON, SQL, a diagram or a page.",
           "@ schema blog 0002 --as sql\n"
           "  @ schema --as html --output schema.html\n"
           "  @ schema --between blog.0001 blog.0003"},
          [this](Context& context) { return schema(context, schema_); });
  SchemaOptions& o = schema_;
  command->add_option("APP", o.app, "tables of this app alone");
  command->add_option("NAME", o.name, "as they are after this migration");
  command->add_flag("--models", o.models, "of the models as they are now");
  command->add_flag("--live", o.live, "of the database, with all that is beside tables");
  command
      ->add_option("--between", o.between,
                   "what changed from one migration to another;\nAPP.zero is the beginning")
      ->expected(2)
      ->type_name("APP.NAME");
  command->add_option("--log", o.log, "what each migration did to this table")->type_name("TABLE");
  command
      ->add_option("--as", o.form,
                   "text, json, sql, dot (Graphviz), mermaid, svg, or html:\none page with "
                   "diagram, details and history")
      ->type_name("FORM");
  command->add_option("-o,--output", o.output, "write a file")->type_name("FILE");
}

void CommandLine::add_adopt() {
  CLI::App* command =
      add({"adopt",
           "Takes an existing database over.\nWrites the models and 0001_initial of an app and "
           "records it, once it is proved that\nthey are what the database is.",
           "@ adopt shop\n  @ adopt shop 'shop_*' --database production"},
          [this](Context& context) { return adopt(context, adopt_); });
  AdoptOptions& o = adopt_;
  command->add_option("APP", o.app, "the app, without models and migrations so far")->required();
  command->add_option("TABLE", o.tables, "tables, or patterns such as 'shop_*'; all unless\ngiven");
  command->add_option("--schema", o.schema, "tables of this schema of PostgreSQL alone")
      ->type_name("NAME");
  command->add_flag("--dry-run", o.dry_run, "write and record nothing");
}

void CommandLine::add_inspectdb() {
  CLI::App* command =
      add({"inspectdb",
           "Prints models for the tables of a database.\nWith --app they can stand as that app's "
           "models.json. What models cannot say is told\non standard error.",
           "@ inspectdb --app shop > shop/models.json\n"
           "  @ inspectdb 'shop_*' --database postgresql://me@localhost/shop"},
          [this](Context& context) { return inspectdb(context, inspectdb_); });
  InspectdbOptions& o = inspectdb_;
  command->add_option("TABLE", o.tables, "tables, or patterns such as 'shop_*'; all unless\ngiven");
  command->add_option("--app", o.app, "app the models are for; \"app\" unless given")
      ->type_name("APP");
  command->add_flag("--cpp", o.cpp, "a C++ header instead, with the same models");
  command->add_flag("--include-views", o.include_views, "views too, as unmanaged models");
  command->add_option("--schema", o.schema, "tables of this schema of PostgreSQL alone")
      ->type_name("NAME");
}

void CommandLine::add_check() {
  CLI::App* command =
      add({"check",
           "Looks for mistakes in models and files.\nWith --database also in what that database "
           "has recorded, and whether its tables\nare what was applied. Exit 1 for any.",
           "@ check --database default"},
          [this](Context& context) { return check(context, check_); });
  command->add_option("APP", check_.apps, "apps to look at; all unless given");
  command->add_flag("--all-databases", check_.all_databases,
                    "also what every database has recorded");
}

void CommandLine::add_flush() {
  CLI::App* command =
      add({"flush",
           "Takes all rows out of the tables of the models.\nTables, other tables and what is "
           "recorded as applied stay.",
           "@ flush --noinput"},
          [this](Context& context) { return flush(context, flush_); });
  command->add_flag("--noinput,--no-input", flush_.no_input, "do not ask whether it is meant");
}

void CommandLine::add_dumpdata() {
  CLI::App* command =
      add({"dumpdata",
           "Writes rows as JSON.\nOne row per line, in an order in which any database loads them.",
           "@ dumpdata blog --exclude blog.Draft --output blog.json"},
          [this](Context& context) { return dumpdata(context, dumpdata_); });
  DumpdataOptions& o = dumpdata_;
  command->add_option("APP[.MODEL]", o.labels, "what to write; all unless given");
  many(command, "-e,--exclude", o.exclude, "APP[.MODEL]", "leave that out; may be repeated");
  command->add_option("-o,--output", o.output, "write a file, whole or not at all")
      ->type_name("FILE");
  command->add_option("--indent", o.indent, "over several lines, with N blanks per level")
      ->type_name("N");
}

void CommandLine::add_loaddata() {
  CLI::App* command =
      add({"loaddata",
           "Puts rows from JSON files into the database.\nAll of them or none; rows with the same "
           "key are replaced.",
           "@ loaddata blog.json\n  @ dumpdata --database old | @ loaddata - --database new"},
          [this](Context& context) { return loaddata(context, loaddata_); });
  command->add_option("FILE", loaddata_.files, "as dumpdata writes them; - for standard input")
      ->required();
}

void CommandLine::add_dbshell() {
  CLI::App* command = add({"dbshell",
                           "Opens psql or sqlite3 on the database.\nArguments behind -- go to "
                           "that program.",
                           "@ dbshell -- -c 'select count(*) from blog_book'"},
                          [this](Context& context) { return dbshell(context, dbshell_); });
  command->add_option("ARG", dbshell_.arguments, "for psql or sqlite3, behind --");
}

void CommandLine::add_dump_models() {
  CLI::App* command = add({"dump-models",
                           "Prints the models as a JSON model file.\nWith one APP it can stand "
                           "as that app's models.json.",
                           "@ dump-models blog"},
                          [this](Context& context) { return dump_models(context, dump_models_); });
  command->add_option("APP", dump_models_.apps, "apps to print; all unless given");
}

void CommandLine::add_json_schema() {
  CLI::App* command = add({"json-schema",
                           "Prints the JSON Schema of a kind of file.\nEditors complete and check "
                           "files by it; without NAME: which there are.",
                           "@ json-schema models\n"
                           "  @ json-schema --write .schemas"},
                          [this](Context& context) { return json_schema(context, json_schema_); });
  command->add_option(
      "NAME", json_schema_.name,
      "project, models, migration, snapshot, or output:\nwhat --format json prints");
  command->add_option("--write", json_schema_.write, "write it, or all of them, into this folder")
      ->type_name("DIR");
}

const std::function<int(Context&)>* CommandLine::command() const {
  for (const auto& entry : commands_) {
    if (entry.first->parsed()) return &entry.second;
  }
  return nullptr;
}

void CommandLine::refuse_extras() const {
  const std::vector<std::string> extras = app_.remaining(true);
  const std::string extra = extras.empty() ? "" : extras.front();
  const std::vector<CLI::App*> chosen = app_.get_subcommands();
  const std::string& program = app_.get_name();
  if (chosen.empty() && !extra.starts_with("-")) {
    std::vector<std::string> names{"help"};
    for (const auto& entry : commands_) names.push_back(entry.first->get_name());
    const std::string near = did_you_mean(extra, names);
    throw Error(ErrorKind::usage, "unknown command \"" + extra + "\"", {},
                near.empty() ? "run \"" + program + " help\" for the list" : near);
  }
  const CLI::App& asked = chosen.empty() ? app_ : *chosen.front();
  const std::string help = "run \"" + program + (chosen.empty() ? "" : " " + asked.get_name()) +
                           " --help\" for what it takes";
  if (!extra.starts_with("-")) {
    throw Error(ErrorKind::usage, "\"" + asked.get_name() + "\" does not take \"" + extra + "\"",
                {}, help);
  }
  std::vector<std::string> flags;
  for (const CLI::Option* option : asked.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  const std::string flag = extra.substr(0, extra.find('='));
  const std::string near = did_you_mean(flag, flags);
  throw Error(ErrorKind::usage, "unknown flag \"" + flag + "\"", {}, near.empty() ? help : near);
}

void CommandLine::check_globals() {
  if (globals_.format != "text" && globals_.format != "json") {
    const std::string near = did_you_mean(globals_.format, {"text", "json"});
    throw Error(ErrorKind::usage, "unknown format \"" + globals_.format + "\"", "--format",
                near.empty() ? "known: text, json" : near);
  }
  if (verbosity_.size() != 1 || verbosity_[0] < '0' || verbosity_[0] > '3') {
    throw Error(ErrorKind::usage, "unknown verbosity \"" + verbosity_ + "\"", "-v",
                "give a number from 0 to 3");
  }
  globals_.verbosity = verbosity_[0] - '0';
}

void CommandLine::parse(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());
  try {
    app_.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    throw;
  } catch (const CLI::ExtrasError&) {
    refuse_extras();
  } catch (const CLI::RequiredError& error) {
    const std::vector<CLI::App*> chosen = app_.get_subcommands();
    const std::string command = chosen.empty() ? "" : chosen.front()->get_name();
    const std::string what = error.what();
    throw Error(ErrorKind::usage,
                "\"" + command + "\" needs " + what.substr(0, what.find(" is required")), {},
                "run \"" + app_.get_name() + " " + command + " --help\" for what it takes");
  } catch (const CLI::ParseError& error) {
    const std::string what = error.what();
    const std::size_t missing = what.find(": 1 required");
    throw Error(ErrorKind::usage,
                missing == std::string::npos ? what : what.substr(0, missing) + " needs a value",
                {}, "run \"" + app_.get_name() + " COMMAND --help\" for what it takes");
  }
  check_globals();
}

/// `help`, `help COMMAND` and nothing at all ask for help too.
std::vector<std::string> plain_arguments(const std::vector<std::string>& arguments) {
  std::vector<std::string> plain(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
  if (!plain.empty() && plain.front() == "help") {
    plain.erase(plain.begin());
    plain.emplace_back("--help");
  }
  return plain;
}

bool asks_for_json(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--format=json") return true;
    if (arguments[i] == "--format" && i + 1 < arguments.size() && arguments[i + 1] == "json") {
      return true;
    }
  }
  return false;
}

bool colours(const Surroundings& surroundings, bool no_color) {
  const auto is_set = [&](const char* name) {
    const auto found = surroundings.environment.find(name);
    return found != surroundings.environment.end() && !found->second.empty();
  };
  const auto terminal = surroundings.environment.find("TERM");
  const bool dumb = terminal != surroundings.environment.end() && terminal->second == "dumb";
  return !no_color && !is_set("NO_COLOR") && !dumb;
}

Output::Settings output_settings(const Surroundings& surroundings, const Globals& globals) {
  const bool colour = colours(surroundings, globals.no_color);
  return {.json = globals.format == "json",
          .verbosity = globals.verbosity,
          .colour_out = colour && surroundings.out_is_terminal,
          .colour_err = colour && surroundings.err_is_terminal,
          .live = surroundings.out_is_terminal && surroundings.err_is_terminal,
          .folder = surroundings.folder.string()};
}

int run_command(const CommandLine& line, Context& context) {
  if (line.version()) {
    context.output.data(std::string("turnstone ") + TURNSTONE_VERSION + "\n");
    return exit_done;
  }
  const std::function<int(Context&)>* command = line.command();
  if (command) return (*command)(context);
  context.output.data(line.help());
  return exit_usage;
}

}  // namespace

int run(const std::vector<std::string>& arguments, Surroundings& surroundings,
        const std::vector<App>* apps) {
  return run(arguments, surroundings, [apps] { return apps; });
}

int run(const std::vector<std::string>& arguments, Surroundings& surroundings,
        const std::function<const std::vector<App>*()>& make_apps) {
  Output output(surroundings.out, surroundings.err);
  const std::string program = arguments.empty()
                                  ? "turnstone"
                                  : std::filesystem::path(arguments.front()).filename().string();
  Globals globals{.format = asks_for_json(arguments) ? "json" : "text"};
  output.configure(output_settings(surroundings, globals));
  try {
    for (const std::string& argument : arguments) {
      if (argument.find("://") == std::string::npos) continue;
      const std::size_t value = argument.starts_with("--") ? argument.find('=') + 1 : 0;
      output.hide_password_of(argument.substr(value));
    }
    const std::vector<App>* apps = make_apps();
    CommandLine line(program, apps != nullptr);
    try {
      line.parse(plain_arguments(arguments));
    } catch (const CLI::CallForHelp&) {
      globals.format = "text";
      output.configure(output_settings(surroundings, globals));
      output.data(line.help());
      return exit_done;
    }
    Context context{surroundings, output, program, apps, line.globals()};
    output.configure(output_settings(surroundings, context.globals));
    return run_command(line, context);
  } catch (const Error& error) {
    output.error(error);
    return exit_code(error.kind());
  } catch (const std::exception& error) {
    output.error(Error(ErrorKind::bad_file, error.what(), {},
                       "this should have been said better; please report it"));
  }
  return exit_failed;
}

}  // namespace turnstone::cli

namespace turnstone {

int manage(int argc, char** argv, std::vector<App> apps) {
  cli::prepare_process();
  cli::Surroundings surroundings = cli::process_surroundings();
  return cli::run(std::vector<std::string>(argv, argv + argc), surroundings, &apps);
}

int manage(int argc, char** argv, const std::vector<std::function<App()>>& apps) {
  cli::prepare_process();
  cli::Surroundings surroundings = cli::process_surroundings();
  std::vector<App> made;
  return cli::run(std::vector<std::string>(argv, argv + argc), surroundings, [&] {
    for (const std::function<App()>& app : apps) made.push_back(app());
    return &made;
  });
}

}  // namespace turnstone
