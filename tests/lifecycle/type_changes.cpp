#include <doctest/doctest.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/migrations/compile.h>

#include <map>
#include <set>

#include "support/field_samples.h"
#include "support/fields.h"
#include "support/lab.h"

// A field of any type becomes one of any other type: the value arrives, or one line says why not
// and nothing has changed.

using namespace turnstone;
using namespace turnstone::migrations;
using test::field_samples;
using test::FieldSample;
using test::Lab;

namespace type_changes {
namespace {

struct RunItem {
  Connection& connection;
  Procedure::Memory& memory;
  void operator()(const Statement& s) const {
    if (s.parameters.empty()) {
      connection.execute(s.sql);
    } else {
      connection.query(s.sql, s.parameters);
    }
  }
  void operator()(const CodeCall&) const {}
  void operator()(const Procedure& p) const { p.run(connection, memory); }
};

/// Makes the model `M` with the sample and a NULL.
void set_up(Lab& lab, const FieldSample& sample) {
  lab.reset();
  lab.add("0001_initial", {{CreateExtension{"hstore"}},
                           {CreateExtension{"citext"}},
                           {CreateModel{.name = "M", .fields = {test::id_field(), sample.field}}}});
  lab.migrate();
  lab.execute("INSERT INTO lab_m (id, c) VALUES (1, " +
              lab.dialect().literal(sample.value, sample.field) + "), (2, NULL)");
}

std::string cell(Lab& lab, int id) {
  const Rows rows = lab.connection().query("SELECT c FROM lab_m WHERE id = " + std::to_string(id));
  return test::cell_text(rows.rows.at(0).at(0));
}

/// What became of the row: its value, or why it was refused. Undone before this returns.
struct Outcome {
  std::string value{};
  std::string null{};
  std::string refusal{};
  std::string hint{};
};

Outcome changed(Lab& lab, const Field& target, const std::string& prepare) {
  Outcome outcome;
  const auto migration = std::make_shared<const Migration>(
      Migration{.id = {"lab", "0002_alter"}, .operations = {{AlterField{"m", target}}}});
  Compiled compiled;
  try {
    Moment moment{.state = lab.state()};
    moment.schema = lower(moment.state, lab.dialect());
    compiled = compile_forwards(migration, moment, lab.dialect(), lab.functions());
  } catch (const Error& error) {
    outcome.refusal = error.what();
    outcome.hint = error.hint();
    return outcome;
  }
  Procedure::Memory memory;
  for (const std::string& setting : compiled.script.setup) lab.execute(setting);
  lab.execute("BEGIN");
  try {
    if (!prepare.empty()) lab.execute(prepare);
    for (const Batch& batch : compiled.script.batches) {
      for (const ScriptItem& item : batch.items) {
        match(item.item, RunItem{lab.connection(), memory});
      }
    }
    outcome.value = cell(lab, 1);
    outcome.null = cell(lab, 2);
  } catch (const DatabaseError& error) {
    outcome.refusal = error.what();
    outcome.hint = "the executor adds it";
  } catch (const Error& error) {
    outcome.refusal = error.what();
    outcome.hint = error.hint();
  }
  lab.execute("ROLLBACK");
  for (const std::string& setting : compiled.script.teardown) lab.execute(setting);
  return outcome;
}

std::string type_in(const Lab& lab, const Field& field) { return lab.dialect().column_type(field); }

/// What values become on their way between types that are neither the same nor text.
using Pair = std::pair<FieldType, FieldType>;
const std::map<Pair, std::string>& expected() {
  using T = FieldType;
  static const std::map<Pair, std::string> table = {
      {{T::small_integer, T::big_integer}, "7"},
      {{T::small_integer, T::floating}, "7.0"},
      {{T::integer, T::big_integer}, "70000"},
      {{T::big_integer, T::floating}, "7000000000.0"},
      {{T::integer, T::positive_big_integer}, "70000"},
      {{T::boolean, T::integer}, "1"},
      {{T::boolean, T::small_integer}, "1"},
      {{T::date_time, T::date}, "'2026-11-25'"},
      {{T::date_time, T::time}, "'10:20:30'"},
  };
  return table;
}

}  // namespace

TEST_CASE("a field of any type becomes one of any other, or the refusal says why in one line") {
  for (const std::string& dialect : test::test_dialects()) {
    Lab lab(dialect);
    const std::vector<FieldSample> samples = field_samples(lab.dialect());
    std::vector<std::string> native;  // as `samples`
    for (const FieldSample& sample : samples) {
      set_up(lab, sample);
      native.push_back(cell(lab, 1));
    }
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const FieldSample& from = samples[i];
      set_up(lab, from);
      for (std::size_t j = 0; j < samples.size(); ++j) {
        const FieldSample& to = samples[j];
        const auto pair = std::pair{type_in(lab, from.field), type_in(lab, to.field)};
        if (!seen.insert(pair).second) continue;
        CAPTURE(dialect);
        CAPTURE(name_of(from.field.type));
        CAPTURE(name_of(to.field.type));
        const bool from_text = is_text(from.field.type);
        const std::string prepare =
            from_text ? "UPDATE lab_m SET c = " + quote_literal(to.text) + " WHERE id = 1" : "";
        const Outcome outcome = changed(lab, to.field, prepare);
        CAPTURE(outcome.refusal);
        CHECK(outcome.refusal.find('\n') == std::string::npos);
        if (outcome.refusal.empty()) {
          CHECK(outcome.value != "NULL");
          CHECK(outcome.null == "NULL");
        } else {
          CHECK(outcome.hint != "");
        }
        const auto known = expected().find({from.field.type, to.field.type});
        if (from_text) {
          CHECK(outcome.value == native[j]);
        } else if (is_text(to.field.type)) {
          CHECK(outcome.value == "'" + from.text + "'");
        } else if (known != expected().end()) {
          CHECK(outcome.value == known->second);
        }
        CHECK(cell(lab, 1) == native[i]);
      }
    }
  }
}

namespace {

/// An alteration of `m.c` that rows do not bear, and words of the refusal.
struct Refused {
  std::string label{};
  FieldType from = FieldType::character;
  FieldType to = FieldType::character;
  std::string value{};
  std::string sqlite{};
  std::string postgresql{};
};

Field typed(FieldType type) {
  Field field{.name = "c", .type = type, .null = true};
  if (type == FieldType::character) field.max_length = 40;
  return field;
}

}  // namespace

TEST_CASE(
    "a change that rows do not bear is refused in one line, and leaves everything as it was") {
  using T = FieldType;
  const Refused cases[] = {
      {"words are no number", T::character, T::integer, "'seven'",
       "column \"c\" of table \"lab_m\" holds \"seven\", which cannot become integer without a "
       "loss",
       "invalid input syntax for type integer: \"seven\""},
      {"words are no date", T::character, T::date, "'yesterday or so'",
       "column \"c\" of table \"lab_m\" holds \"yesterday or so\", which cannot become date "
       "without a loss",
       "invalid input syntax for type date: \"yesterday or so\""},
      {"words are no UUID", T::text, T::uuid, "'none'",
       "column \"c\" of table \"lab_m\" holds \"none\", which cannot become char(32) without a "
       "loss",
       "invalid input syntax for type uuid: \"none\""},
      {"a date is no number", T::date, T::integer, "'2026-11-25'",
       "column \"c\" of table \"lab_m\" holds \"2026-11-25\", which cannot become integer without "
       "a loss",
       "postgresql has no conversion from date to integer for column \"c\""},
      {"a negative number is not positive", T::integer, T::positive_integer, "-7",
       "CHECK constraint failed: c",
       "check constraint \"lab_m_c_76b62ef7_check\" of relation \"lab_m\" is violated by some row"},
      {"a number too large", T::big_integer, T::small_integer, "70000", "",
       "smallint out of range"},
      {"text too long", T::text, T::character,
       "'0123456789012345678901234567890123456789 and more'", "",
       "value too long for type character varying(40)"},
  };
  for (const std::string& dialect : test::test_dialects()) {
    Lab lab(dialect);
    for (const Refused& item : cases) {
      const std::string& wanted = dialect == "sqlite" ? item.sqlite : item.postgresql;
      if (wanted.empty()) continue;
      CAPTURE(dialect);
      CAPTURE(item.label);
      lab.reset();
      lab.add("0001_initial",
              {{CreateModel{.name = "M", .fields = {test::id_field(), typed(item.from)}}}});
      lab.migrate();
      lab.execute("INSERT INTO lab_m (id, c) VALUES (1, " + item.value + "), (2, NULL)");
      const test::Dump before = lab.rows();
      lab.add("0002_alter",
              {{AddField{"m", test::text_field("more", true)}}, {AlterField{"m", typed(item.to)}}});
      std::string message;
      std::string hint;
      try {
        lab.migrate();
      } catch (const Error& error) {
        message = error.what();
        hint = error.hint();
        CHECK(error.where().find("lab.0002_alter") == 0);
        CHECK(error.text().find('\n') == std::string::npos);
      }
      CHECK_MESSAGE(message.find(wanted) == 0, message);
      CHECK(hint.find("RunSQL") != std::string::npos);
      CHECK(test::lines(lab.drift(lab.state_before_last())) == "");
      CHECK(lab.rows() == before);
    }
  }
}

TEST_CASE("a value goes through many types in a row and comes back") {
  using T = FieldType;
  const T chain[] = {T::small_integer, T::integer, T::big_integer,  T::positive_integer,
                     T::floating,      T::integer, T::character,    T::text,
                     T::slug,          T::integer, T::small_integer};
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_initial",
            {{CreateModel{.name = "M", .fields = {test::id_field(), typed(chain[0])}}}});
    lab.migrate();
    lab.execute("INSERT INTO lab_m (id, c) VALUES (1, 7), (2, NULL)");
    const test::Dump before = lab.rows();
    for (std::size_t i = 1; i < std::size(chain); ++i) {
      lab.add("000" + std::to_string(i + 1) + "_alter", {{AlterField{"m", typed(chain[i])}}});
      lab.migrate();
      CAPTURE(i);
      CHECK(test::lines(lab.drift(lab.state())) == "");
    }
    CHECK(lab.rows() == before);
    lab.migrate("0001_initial");
    CHECK(lab.rows() == before);
    lab.migrate();
    CHECK(lab.rows() == before);
  }
}

}  // namespace type_changes
