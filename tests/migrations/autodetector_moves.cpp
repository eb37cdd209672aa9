#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include <initializer_list>
#include <ostream>
#include <set>

#include "support/models.h"

// Models that move to another app with their rows.

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

namespace moves {

/// A list that is shown where it is not what it should be.
class Words {
 public:
  Words() = default;
  Words(std::initializer_list<std::string> words) : words_(words) {}
  explicit Words(std::vector<std::string> words) : words_(std::move(words)) {}
  void add(std::string word) { words_.push_back(std::move(word)); }
  std::size_t size() const { return words_.size(); }
  bool empty() const { return words_.empty(); }
  bool operator==(const Words&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Words& words) {
    return out << "\n  " << join(words.words_, "\n  ") << "\n";
  }

 private:
  std::vector<std::string> words_{};
};
using Models = std::vector<ModelState>;

/// Migrations that make `from`, and the last one of each app.
std::vector<Migration> history(const Models& from, ExistingMigrations& existing) {
  ScriptedQuestioner nothing;
  std::vector<Migration> all;
  for (auto& [app, list] : detect_changes({}, state_of(from), {}, nothing, {})) {
    for (Migration& migration : list) {
      existing.leaf[app] = migration.id.name;
      all.push_back(std::move(migration));
    }
  }
  return all;
}

/// What is made to get from one to the other, as `app.name < others it depends on: operations`, in
/// the order in which it is applied. Checks that it leads there, and that nothing is left to do.
Words made(const Models& from, const Models& to, Questioner& questioner,
           const DetectOptions& options = {.timestamp = "20260101_1200"}) {
  ExistingMigrations existing;
  std::vector<Migration> all = history(from, existing);
  std::set<MigrationId> fresh;
  for (auto& [app, list] :
       detect_changes(state_of(from), state_of(to), existing, questioner, options)) {
    for (Migration& migration : list) {
      fresh.insert(migration.id);
      all.push_back(std::move(migration));
    }
  }
  const Graph graph(all, nullptr);
  CHECK(graph.conflicts().empty());
  Words words;
  for (const MigrationId& id : graph.full_order()) {
    if (!fresh.contains(id)) continue;
    std::string line = id.text();
    for (const MigrationId& needed : graph.at(id).dependencies) {
      if (needed.app != id.app) line += " < " + needed.text();
    }
    words.add(line + ": " + join(described(graph.at(id).operations), "; "));
  }
  if (options.only.empty()) {
    const ProjectState reached = replay(graph, graph.full_order());
    CHECK((reached == state_of(to)));
    ScriptedQuestioner unasked;
    CHECK(detect_changes(reached, state_of(to), {}, unasked, {}).empty());
  }
  return words;
}

ScriptedQuestioner yes_to(const std::string& model, const std::string& app) {
  ScriptedQuestioner questioner;
  questioner.moved_models = {{model, app}};
  return questioner;
}

Options from_there(const std::string& reference) {
  Options options;
  options.renamed_from = reference;
  return options;
}
Options in_table(const std::string& name) {
  Options options;
  options.db_table = name;
  return options;
}

}  // namespace moves

}  // namespace

TEST_CASE("a model that moved to another app is asked about and keeps its rows") {
  ScriptedQuestioner yes = moves::yes_to("Book", "shop");
  CHECK(moves::made({table("blog.Book", {text_field("title")}), table("blog.A"), table("shop.S")},
                    {table("shop.Book", {text_field("title")}), table("blog.A"), table("shop.S")},
                    yes) ==
        moves::Words{"blog.0002_move_book_shop < shop.0001_initial: Move model Book to app shop",
                     "shop.0002_book_from_blog < blog.0002_move_book_shop: "});
  CHECK(moves::Words(yes.asked) == moves::Words{"move blog.Book>shop"});
}

TEST_CASE("an app without migrations gets its first one with the model that moves there") {
  ScriptedQuestioner yes = moves::yes_to("Book", "shop");
  CHECK(moves::made({table("blog.Book", {text_field("title")})},
                    {table("shop.Book", {text_field("title")})},
                    yes) == moves::Words{"blog.0002_move_book_shop: Move model Book to app shop",
                                         "shop.0001_initial < blog.0002_move_book_shop: "});
  // Into an app that comes earlier in the alphabet, with a field that comes too.
  ScriptedQuestioner back = moves::yes_to("Book", "blog");
  CHECK(moves::made({table("shop.Book", {text_field("title")})},
                    {table("blog.Book", {text_field("title"), optional(integer_field("n"))})},
                    back) ==
        moves::Words{"shop.0002_move_book_blog: Move model Book to app blog",
                     "blog.0001_initial < shop.0002_move_book_blog: Add field n to book"});
}

TEST_CASE("everything that refers to a model follows it to its new app") {
  const auto models = [](const std::string& app) {
    const std::string book = app + ".Book";
    Field through = many_field("read", book, "club.Reading");
    return moves::Models{
        table("blog.Author"),
        table(book, {key_field("author", "blog.Author"), optional(key_field("sequel", book)),
                     many_field("similar", book), many_field("tags", "tags.Tag")}),
        table("tags.Tag", {optional(key_field("best", book))}),
        table("club.Member", {through}),
        table("club.Reading", {key_field("member", "club.Member"), key_field("book", book)}),
        model("press.Novel", {parent_field("book_ptr", book)}, {}, {book}),
        table("zoo.Z")};
  };
  ScriptedQuestioner yes = moves::yes_to("Book", "zoo");
  CHECK(moves::made(models("blog"), models("zoo"), yes) ==
        moves::Words{"blog.0003_move_book_zoo < club.0001_initial < press.0001_initial < "
                     "tags.0001_initial < zoo.0001_initial: Move model Book to app zoo",
                     "zoo.0002_book_from_blog < blog.0003_move_book_zoo: "});
}

TEST_CASE("what changes in a model that moved is changed in its new app") {
  const auto options = [](const std::string& index, const std::string& constraint) {
    Options result;
    result.indexes = {Index{.name = index, .fields = {"title"}}};
    result.constraints = {CheckConstraint{.name = constraint, .condition = positive("pages")}};
    return result;
  };
  ScriptedQuestioner yes = moves::yes_to("Book", "shop");
  yes.renamed_fields = {{"title", "name"}};
  Options after = options("shop_i", "shop_c");
  after.indexes[0].fields = {"name"};
  CHECK(moves::made(
            {table("blog.Book", {text_field("title"), integer_field("pages"), integer_field("x")},
                   options("blog_i", "blog_c")),
             table("shop.S")},
            {table("shop.Book",
                   {text_field("name"), integer_field("pages"), integer_field("x"),
                    optional(key_field("s", "shop.S"))},
                   after),
             table("shop.S", {optional(key_field("b", "shop.Book"))})},
            yes) ==
        moves::Words{"blog.0002_move_book_shop_rename_blog_c_shop_c < shop.0001_initial: Rename "
                     "constraint blog_c on book to shop_c; Move model Book to app shop",
                     "shop.0002_rename_title_book_name_rename_blog_i_shop_i_book_s_and_more < "
                     "blog.0002_move_book_shop_rename_blog_c_shop_c: Rename field title on book to "
                     "name; Rename index blog_i on book to shop_i; Add "
                     "field s to book; Add field b to s"});
  CHECK(moves::Words(yes.asked) ==
        moves::Words{"move blog.Book>shop (similar)", "field Book.title>name"});
}

TEST_CASE("a table that stays where it is does not follow the app first") {
  ScriptedQuestioner yes = moves::yes_to("Book", "shop");
  CHECK(moves::made({table("blog.Book"), table("shop.S")},
                    {table("shop.Book", {}, moves::in_table("blog_book")), table("shop.S")}, yes) ==
        moves::Words{"blog.0002_move_book_shop_alter_book_table < shop.0001_initial: Rename table "
                     "for book to blog_book; Move model Book to app shop",
                     "shop.0002_book_from_blog < blog.0002_move_book_shop_alter_book_table: "});
  ScriptedQuestioner again = moves::yes_to("Book", "shop");
  CHECK(moves::made({table("blog.Book"), table("shop.S")},
                    {table("shop.Book", {}, moves::in_table("volumes")), table("shop.S")}, again) ==
        moves::Words{"blog.0002_move_book_shop < shop.0001_initial: Move model Book to app shop",
                     "shop.0002_alter_book_table < blog.0002_move_book_shop: Rename table for book "
                     "to volumes"});
}

TEST_CASE("a name of another app written beside the model is an answer, renamed or not") {
  ScriptedQuestioner unasked;
  CHECK(moves::made({table("blog.Book", {text_field("title")}), table("shop.S")},
                    {table("shop.Book", {integer_field("x")}, moves::from_there("blog.Book")),
                     table("shop.S")},
                    unasked)
            .size() == 2);
  ScriptedQuestioner unasked_too;
  CHECK(moves::made({table("blog.Book", {text_field("title")}), table("shop.S")},
                    {table("shop.Volume", {text_field("title")}, moves::from_there("blog.Book")),
                     table("shop.S", {optional(key_field("v", "shop.Volume"))})},
                    unasked_too) ==
        moves::Words{"blog.0002_move_book_shop < shop.0001_initial: Move model Book to app shop",
                     "shop.0002_rename_book_volume_s_v < blog.0002_move_book_shop: Rename model "
                     "Book to Volume; Add field v to s"});
  CHECK(moves::Words(unasked_too.asked) == moves::Words{});
  // Once it is done the note means nothing.
  CHECK(moves::made({table("shop.Book")}, {table("shop.Book", {}, moves::from_there("blog.Book"))},
                    unasked_too)
            .empty());
}

TEST_CASE("a move that is not confirmed is a loss that must be agreed to") {
  const moves::Models from = {table("blog.Book", {text_field("title")}), table("shop.S")};
  const moves::Models to = {table("shop.Book", {text_field("title")}), table("shop.S")};
  ScriptedQuestioner no;
  CHECK(moves::made(from, to, no) == moves::Words{"blog.0002_delete_book: Delete model Book",
                                                  "shop.0002_book: Create model Book"});
  CHECK(moves::Words(no.asked) == moves::Words{"move blog.Book>shop", "remove Book for shop.Book"});
  no.may_remove = false;
  try {
    moves::made(from, to, no);
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.text() ==
          "model \"blog.Book\" would be deleted with its rows (blog.Book); say --move-model "
          "blog.Book:shop where it was moved");
  }
  // Another name, or nothing in common: not asked.
  ScriptedQuestioner unasked;
  moves::made(from, {table("shop.Volume", {text_field("title")}), table("shop.S")}, unasked);
  moves::made(from, {table("shop.Book", {integer_field("x")}), table("shop.S")}, unasked);
  CHECK(moves::Words(unasked.asked) == moves::Words{});
}

TEST_CASE("apps that wait for each other because of a move are cut") {
  // blog needs a field that the model gets in its new app.
  Field code = key_field("code", "shop.Book");
  code.to_field = "code";
  ScriptedQuestioner yes = moves::yes_to("Book", "shop");
  CHECK(
      moves::made({table("blog.Book", {text_field("title")}), table("blog.Post"), table("shop.S")},
                  {table("shop.Book", {text_field("title"), unique(optional(text_field("code")))}),
                   table("blog.Post", {optional(code)}), table("shop.S")},
                  yes) ==
      moves::Words{"blog.0002_move_book_shop < shop.0001_initial: Move model Book to app shop",
                   "shop.0002_book_code < blog.0002_move_book_shop: Add field code to book",
                   "blog.0003_post_code < shop.0002_book_code: Add field code to post"});
}

TEST_CASE("a name that is taken in the new app is gone round") {
  ScriptedQuestioner unasked;
  CHECK(moves::made({table("blog.Book", {text_field("title")}), table("shop.Book")},
                    {table("shop.Volume", {text_field("title")}, moves::from_there("blog.Book")),
                     table("shop.Book")},
                    unasked) ==
        moves::Words{"blog.0002_move_volume_shop_rename_book_volume < shop.0001_initial: Rename "
                     "model Book to Volume; Move model Volume to app shop",
                     "shop.0002_volume_from_blog < "
                     "blog.0002_move_volume_shop_rename_book_volume: "});
  // What refers to it may come with the move.
  ScriptedQuestioner again = moves::yes_to("Book", "shop");
  CHECK(moves::made({table("blog.Book", {text_field("title")}), table("shop.S")},
                    {table("shop.Book", {text_field("title")}), table("shop.S"),
                     table("blog.Other", {key_field("book", "shop.Book")})},
                    again) ==
        moves::Words{"blog.0002_move_book_shop_other < shop.0001_initial: Move model Book to app "
                     "shop; Create model Other",
                     "shop.0002_book_from_blog < blog.0002_move_book_shop_other: "});
}

TEST_CASE("who asks for the app that gives a model gets the app that takes it") {
  const moves::Models from = {table("blog.Book"), table("shop.S"), table("zoo.Z")};
  const moves::Models to = {table("shop.Book"), table("shop.S"),
                            table("zoo.Z", {optional(integer_field("n"))})};
  for (const std::string app : {"blog", "shop"}) {
    ScriptedQuestioner yes = moves::yes_to("Book", "shop");
    CHECK(moves::made(from, to, yes, {.only = {app}}).size() == 2);
  }
}

TEST_CASE("several models move at once") {
  const auto models = [](const std::string& app) {
    return moves::Models{table("blog.B"), table(app + ".Author", {text_field("name")}),
                         table(app + ".Book", {key_field("author", app + ".Author")}),
                         table("shop.S")};
  };
  ScriptedQuestioner yes;
  yes.moved_models = {{"Author", "shop"}, {"Book", "shop"}};
  CHECK(moves::made(models("blog"), models("shop"), yes) ==
        moves::Words{"blog.0002_move_author_shop_move_book_shop < shop.0001_initial: Move model "
                     "Author to app shop; Move model Book to app shop",
                     "shop.0002_author_and_more_from_blog < "
                     "blog.0002_move_author_shop_move_book_shop: "});
}
