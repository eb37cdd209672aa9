#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/models.h>

#include <algorithm>

#include "json/model_json.h"

using turnstone::DeclaredApp;
using turnstone::Error;
using turnstone::ModelState;
using turnstone::Problem;
using turnstone::Registry;

// The example of the documentation, whole.
namespace shop {

struct Book;  // circular references need only a declaration

struct TimeStamped {
  turnstone::DateTime created_at{};
  turnstone::DateTime updated_at{};
  static void describe(turnstone::Model<TimeStamped>&);
};

enum class Status { draft, published, retired };
constexpr auto turnstone_choices(Status) {
  using enum Status;
  return turnstone::choices<Status>(
      {{draft, "D", "Draft"}, {published, "P", "Published"}, {retired, "R", "Retired"}});
}

struct Author : TimeStamped {
  std::int64_t id{};
  std::string name{};
  std::optional<std::string> bio{};
  turnstone::ForeignKey<Book> best_book{};
  static void describe(turnstone::Model<Author>&);
};

struct Tag {
  std::int64_t id{};
  std::string label{};
  static void describe(turnstone::Model<Tag>&);
};

struct Book : TimeStamped {
  std::int64_t id{};
  std::string title{};
  turnstone::ForeignKey<Author> author{};
  std::optional<turnstone::ForeignKey<Book>> sequel_of{};
  turnstone::ManyToMany<Tag> tags{};
  turnstone::Decimal price{};
  std::int32_t stock = 7;
  Status status = Status::draft;
  std::optional<turnstone::Date> published{};
  turnstone::Json meta{};
  turnstone::Uuid public_id{};
  static void describe(turnstone::Model<Book>&);
};

void TimeStamped::describe(turnstone::Model<TimeStamped>& m) {
  m.field<&TimeStamped::created_at>().auto_now_add();
  m.field<&TimeStamped::updated_at>().auto_now();
}

void Author::describe(turnstone::Model<Author>& m) {
  using namespace turnstone;
  m.inherit<TimeStamped>();
  m.field<&Author::id>().primary_key();
  m.field<&Author::name>().max_length(120);
  m.field<&Author::bio>();
  m.field<&Author::best_book>().on_delete(CASCADE).related_name("+");
}

void Tag::describe(turnstone::Model<Tag>& m) {
  m.field<&Tag::id>();
  m.field<&Tag::label>().max_length(40).unique();
}

void Book::describe(turnstone::Model<Book>& m) {
  using namespace turnstone;
  m.inherit<TimeStamped>();
  m.field<&Book::id>().primary_key();
  m.field<&Book::title>().max_length(200).db_index();
  m.field<&Book::author>().on_delete(CASCADE).related_name("books");
  m.field<&Book::sequel_of>().on_delete(SET_NULL);
  m.field<&Book::tags>();
  m.field<&Book::price>().digits(10, 2);
  m.field<&Book::stock>().member_default();
  m.field<&Book::status>().default_value(Status::draft);
  m.field<&Book::published>();
  m.field<&Book::meta>();
  m.field<&Book::public_id>().default_function("uuid4").unique();
  m.unique_together<&Book::author, &Book::title>("uniq_author_title");
  m.index<&Book::status, &Book::published>("book_status_pub");
  m.check("price_gte_0", F<&Book::price> >= 0);
  m.ordering({desc(F<&Book::published>), asc(F<&Book::title>)});
}

}  // namespace shop

// Every option and expression at least once.
namespace lab {

enum class Level : short { low = 1, high = 9 };
constexpr auto turnstone_choices(Level) {
  return turnstone::choices<Level>({{Level::low, 1, "Low"}, {Level::high, 9, "High"}});
}

struct Everything {
  std::int64_t id{};
  std::string code{};
  std::string mail{};
  std::string note{};
  std::string address{};
  std::string network{};
  std::int16_t small{};
  std::uint32_t positive{};
  long long big{};
  double ratio{};
  bool active = true;
  Level level = Level::low;
  turnstone::Decimal price{};
  turnstone::Decimal total{};
  turnstone::Bytes raw{};
  turnstone::Date day{};
  turnstone::Time time{};
  turnstone::DateTime moment{};
  turnstone::Duration length_of{};
  std::optional<turnstone::Uuid> token{};
  turnstone::Json meta{};
  std::vector<std::string> labels{};
  std::vector<std::vector<std::int32_t>> matrix{};
  turnstone::OneToOne<shop::Book> book{};
  turnstone::ForeignKey<shop::Tag, std::string> tag{};
  static void describe(turnstone::Model<Everything>&);
};

void Everything::describe(turnstone::Model<Everything>& m) {
  using namespace turnstone;
  m.field<&Everything::id>().primary_key().type("BigIntegerField");
  m.field<&Everything::code>()
      .type("SlugField")
      .unique()
      .db_collation("C")
      .db_column("c")
      .unique_for_date("day");
  m.field<&Everything::mail>().type("EmailField").blank();
  m.field<&Everything::note>().default_value("none").db_comment("free text").renamed_from("text");
  m.field<&Everything::address>().type("GenericIPAddressField").protocol("IPv4");
  m.field<&Everything::network>().db_type("postgresql", "cidr").db_type("sqlite", "text");
  m.field<&Everything::small>().default_value(-3);
  m.field<&Everything::positive>().db_default(5);
  m.field<&Everything::big>();
  m.field<&Everything::ratio>().default_value(0.5);
  m.field<&Everything::active>().member_default();
  m.field<&Everything::level>().member_default().choices_check();
  m.field<&Everything::price>().digits(8, 2).default_value(0);
  m.field<&Everything::total>().digits(10, 2).expression(F<&Everything::price> * 2).db_index();
  m.field<&Everything::raw>().max_length(16);
  m.field<&Everything::day>().default_function("today");
  m.field<&Everything::time>();
  m.field<&Everything::moment>().db_default(now());
  m.field<&Everything::length_of>().default_value(std::chrono::hours(2));
  m.field<&Everything::token>();
  m.field<&Everything::meta>().default_value(Json::parse("{}"));
  m.field<&Everything::labels>().base_field(column<std::string>().max_length(20)).size(3);
  m.field<&Everything::matrix>();
  m.field<&Everything::book>().on_delete(PROTECT).db_constraint(false);
  m.field<&Everything::tag>().on_delete_set("none").to_field<&shop::Tag::label>();

  m.name("Thing");
  m.db_table("things");
  m.managed(true);
  m.index({desc(F<&Everything::day>), F<&Everything::code>});
  m.index({lower(F<&Everything::code>), desc(F<&Everything::day>).nulls_last()}, "thing_lower")
      .condition(F<&Everything::active>);
  m.index<&Everything::meta>("thing_meta").type("GinIndex").parameter("fastupdate", false);
  m.index<&Everything::big>("thing_big").include<&Everything::small>().opclasses({"int8_ops"});
  m.unique("thing_ci", {lower(F<&Everything::mail>)}).condition(F<&Everything::active> == true);
  m.unique<&Everything::day, &Everything::time>("thing_time").deferrable(Deferrable::deferred);
  m.exclusion("thing_apart", {{F<&Everything::network>, "&&"}}).index_type("SPGIST");
  m.check("thing_rule", F<&Everything::level> != Level::high ||
                            (F<&Everything::small>.in({1, 2}) && !(F<&Everything::ratio> < 0.5)));
}

struct Key {
  std::string tenant{};
  std::int64_t number{};
  static void describe(turnstone::Model<Key>& m) {
    m.field<&Key::tenant>().max_length(20);
    m.field<&Key::number>();
    m.primary_key<&Key::tenant, &Key::number>();
  }
};

}  // namespace lab

// A class somebody else wrote.
namespace foreign {
struct Point {
  std::int64_t id{};
  double x{};
};
void turnstone_describe(turnstone::Model<Point>& m) {
  m.field<&Point::id>().primary_key();
  m.field<&Point::x>();
}
}  // namespace foreign

namespace {

std::string json_text(const ModelState& model) {
  return turnstone::json::write_model(model).dump();
}

std::string text_of(const turnstone::Expression& expression) {
  return turnstone::json::write_expression(expression).dump();
}

std::vector<std::string> texts(const std::vector<Problem>& problems) {
  std::vector<std::string> lines;
  lines.reserve(problems.size());
  for (const Problem& problem : problems) {
    lines.push_back(problem.where + ": " + problem.message + "; " + problem.hint);
  }
  return lines;
}

DeclaredApp from_json(const std::string& label, const std::string& text) {
  DeclaredApp app;
  app.label = label;
  app.models = turnstone::json::read_models(label, label + ".json", text);
  return app;
}

}  // namespace

TEST_CASE("C++ classes and a model file make equal states") {
  Registry cpp;
  cpp.add(turnstone::declared_app<shop::Author, shop::Book, shop::Tag>("shop"));
  const turnstone::FinishedModels from_cpp = cpp.finish();
  CHECK(texts(from_cpp.problems) == std::vector<std::string>{});

  Registry json;
  json.add(from_json("shop", R"({"models": [
    {"name": "Author", "fields": [
      {"name": "created_at", "type": "DateTimeField", "auto_now_add": true},
      {"name": "updated_at", "type": "DateTimeField", "auto_now": true},
      {"name": "id", "type": "BigAutoField", "primary_key": true},
      {"name": "name", "type": "CharField", "max_length": 120},
      {"name": "bio", "type": "TextField", "null": true},
      {"name": "best_book", "type": "ForeignKey", "to": "Book", "on_delete": "CASCADE",
       "related_name": "+"}]},
    {"name": "Book", "fields": [
      {"name": "created_at", "type": "DateTimeField", "auto_now_add": true},
      {"name": "updated_at", "type": "DateTimeField", "auto_now": true},
      {"name": "id", "type": "BigAutoField", "primary_key": true},
      {"name": "title", "type": "CharField", "max_length": 200, "db_index": true},
      {"name": "author", "type": "ForeignKey", "to": "Author", "on_delete": "CASCADE",
       "related_name": "books"},
      {"name": "sequel_of", "type": "ForeignKey", "to": "self", "on_delete": "SET_NULL",
       "null": true},
      {"name": "tags", "type": "ManyToManyField", "to": "Tag"},
      {"name": "price", "type": "DecimalField", "max_digits": 10, "decimal_places": 2},
      {"name": "stock", "type": "IntegerField", "default": 7},
      {"name": "status", "type": "CharField", "max_length": 1, "default": "D",
       "choices": [["D", "Draft"], ["P", "Published"], ["R", "Retired"]]},
      {"name": "published", "type": "DateField", "null": true},
      {"name": "meta", "type": "JSONField"},
      {"name": "public_id", "type": "UUIDField", "default": {"function": "uuid4"}, "unique": true}],
     "options": {"ordering": ["-published", "title"],
      "indexes": [{"name": "book_status_pub", "fields": ["status", "published"]}],
      "constraints": [
        {"type": "UniqueConstraint", "name": "uniq_author_title", "fields": ["author", "title"]},
        {"type": "CheckConstraint", "name": "price_gte_0", "condition": [">=", {"F": "price"}, 0]}
      ]}},
    {"name": "Tag", "fields": [
      {"name": "id", "type": "BigAutoField", "primary_key": true},
      {"name": "label", "type": "CharField", "max_length": 40, "unique": true}]}
  ]})"));
  const turnstone::FinishedModels from_file = json.finish();
  CHECK(texts(from_file.problems) == std::vector<std::string>{});
  CHECK(from_cpp.state == from_file.state);
  for (const turnstone::ModelKey& key : from_file.state.keys()) {
    CHECK(*from_cpp.state.get(key) == *from_file.state.get(key));
    CHECK(json_text(*from_cpp.state.get(key)) == json_text(*from_file.state.get(key)));
  }
}

TEST_CASE("every option and expression has its form in files") {
  const ModelState model = turnstone::declared_model<lab::Everything>("lab");
  const std::vector<std::string> expected = {
      R"({"name":"id","type":"BigIntegerField","primary_key":true})",
      R"({"name":"code","type":"SlugField","unique":true,"db_column":"c","db_collation":"C"})",
      R"({"name":"mail","type":"EmailField"})",
      R"({"name":"note","type":"TextField","default":"none","db_comment":"free text"})",
      R"({"name":"address","type":"GenericIPAddressField","protocol":"IPv4"})",
      R"({"name":"network","type":"CustomField","db_type":{"postgresql":"cidr","sqlite":"text"}})",
      R"({"name":"small","type":"SmallIntegerField","default":-3})",
      R"({"name":"positive","type":"PositiveIntegerField","db_default":5})",
      R"({"name":"big","type":"BigIntegerField"})",
      R"({"name":"ratio","type":"FloatField","default":0.5})",
      R"({"name":"active","type":"BooleanField","default":true})",
      R"({"name":"level","type":"SmallIntegerField","default":1,"choices":[1,9],"choices_check":true})",
      R"({"name":"price","type":"DecimalField","max_digits":8,"decimal_places":2,"default":"0"})",
      R"({"name":"total","type":"GeneratedField","expression":["*",{"F":"price"},2],)"
      R"("output_field":{"type":"DecimalField","max_digits":10,"decimal_places":2},)"
      R"("db_index":true})",
      R"({"name":"raw","type":"BinaryField","max_length":16})",
      R"({"name":"day","type":"DateField","default":{"function":"today"}})",
      R"({"name":"time","type":"TimeField"})",
      R"({"name":"moment","type":"DateTimeField","db_default":["now"]})",
      R"({"name":"length_of","type":"DurationField","default":"P0DT02H00M00S"})",
      R"({"name":"token","type":"UUIDField","null":true})",
      R"({"name":"meta","type":"JSONField","default":{}})",
      R"({"name":"labels","type":"ArrayField","base_field":{"type":"CharField","max_length":20},"size":3})",
      R"({"name":"matrix","type":"ArrayField","base_field":{"type":"ArrayField","base_field":{"type":"IntegerField"}}})",
      R"({"name":"book","type":"OneToOneField","to":"::shop::Book","on_delete":"PROTECT","db_constraint":false})",
      R"({"name":"tag","type":"ForeignKey","to":"::shop::Tag","on_delete":{"SET":"none"},"to_field":"label"})"};
  REQUIRE(model.fields.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(turnstone::json::write_field(model.fields[i]).dump() == expected[i]);
  }
  CHECK(model.fields[2].blank);
  CHECK(model.fields[3].renamed_from == "text");
  CHECK(model.name == "Thing");
  const auto options = turnstone::json::write_options(model.options);
  CHECK(options["db_table"] == "things");
  const std::vector<std::string> indexes = {
      R"({"fields":["-day","code"]})",
      R"({"name":"thing_lower","expressions":[["lower",{"F":"code"}],["desc",{"F":"day"},"nulls_last"]],)"
      R"("condition":{"F":"active"}})",
      R"({"type":"GinIndex","name":"thing_meta","fields":["meta"],"fastupdate":false})",
      R"({"name":"thing_big","fields":["big"],"include":["small"],"opclasses":["int8_ops"]})"};
  const std::vector<std::string> constraints = {
      R"({"type":"UniqueConstraint","name":"thing_ci","expressions":[["lower",{"F":"mail"}]],)"
      R"("condition":["=",{"F":"active"},true]})",
      R"({"type":"UniqueConstraint","name":"thing_time","fields":["day","time"],)"
      R"("deferrable":"deferred"})",
      R"({"type":"ExclusionConstraint","name":"thing_apart","expressions":[[{"F":"network"},"&&"]],)"
      R"("index_type":"SPGIST"})",
      R"({"type":"CheckConstraint","name":"thing_rule","condition":["or",["<>",{"F":"level"},9],)"
      R"(["and",["in",{"F":"small"},1,2],["not",["<",{"F":"ratio"},0.5]]]]})"};
  REQUIRE(options["indexes"].size() == indexes.size());
  REQUIRE(options["constraints"].size() == constraints.size());
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(options["indexes"][i].dump() == indexes[i]);
    CHECK(options["constraints"][i].dump() == constraints[i]);
  }
}

TEST_CASE("members are reached where they lie in the object") {
  const turnstone::DescribedModel model = turnstone::described_model<shop::Book>("shop");
  CHECK(model.class_name == "shop::Book");
  shop::Book book;
  book.title = "Notes";
  book.updated_at = turnstone::DateTime(std::chrono::seconds(5));
  const char* object = reinterpret_cast<const char*>(&book);
  int seen = 0;
  for (const turnstone::MemberAccess& member : model.members) {
    if (member.field == "title") {
      ++seen;
      CHECK(member.key == &turnstone::member_key<&shop::Book::title>);
      CHECK(member.type->to_json(object + member.offset).text() == "\"Notes\"");
    }
    if (member.field == "updated_at") {
      ++seen;
      CHECK(member.type->to_json(object + member.offset).text() == "\"1970-01-01T00:00:05Z\"");
    }
    if (member.field == "tags") CHECK((member.type->to_json == nullptr));
  }
  CHECK(seen == 2);
}

TEST_CASE("a composite key is a field of its own") {
  const ModelState model = turnstone::declared_model<lab::Key>("lab");
  CHECK(turnstone::json::write_field(model.fields.front()).dump() ==
        R"({"name":"pk","type":"CompositePrimaryKey","fields":["tenant","number"]})");
}

TEST_CASE("a class of somebody else is described beside it") {
  const ModelState model = turnstone::declared_model<foreign::Point>("geo");
  CHECK(model.name == "Point");
  CHECK(model.fields.size() == 2);
}

TEST_CASE("expressions are built as files write them") {
  using namespace turnstone;
  using turnstone::literals::operator""_dec;
  using lab::Everything;
  using shop::Book;
  const std::vector<std::pair<Expression, std::string>> cases = {
      {F<&Book::price> > 9.99_dec, R"([">",{"F":"price"},"9.99"])"},
      {0 < F<&Book::stock>, R"(["<",0,{"F":"stock"}])"},
      {F<&Book::status> == shop::Status::retired, R"(["=",{"F":"status"},"R"])"},
      {F<&Book::author> != 5, R"(["<>",{"F":"author"},5])"},
      {F<&Book::author, &shop::Author::name> == "Ada", R"(["=",{"F":"author__name"},"Ada"])"},
      {F<&Book::created_at> <= F<&Book::updated_at>,
       R"(["<=",{"F":"created_at"},{"F":"updated_at"}])"},
      {F<&Book::published>.is_null() && F<&Book::stock> > 0 && F<&Book::stock> < 9,
       R"(["and",["is_null",{"F":"published"}],[">",{"F":"stock"},0],["<",{"F":"stock"},9]])"},
      {!(F<&Book::stock> == 1 || F<&Book::stock> == 2),
       R"(["not",["or",["=",{"F":"stock"},1],["=",{"F":"stock"},2]]])"},
      {F<&Book::status>.in({shop::Status::draft, shop::Status::retired}),
       R"(["in",{"F":"status"},"D","R"])"},
      {F<&Book::title>.in({"a", "b"}), R"(["in",{"F":"title"},"a","b"])"},
      {F<&Book::stock>.between(1, F<&Book::id>), R"(["between",{"F":"stock"},1,{"F":"id"}])"},
      {F<&Book::title>.icontains("c++"), R"(["icontains",{"F":"title"},"c++"])"},
      {lower(F<&Book::title>) == "x", R"(["=",["lower",{"F":"title"}],"x"])"},
      {length(trim(F<&Book::title>)) > 3, R"([">",["length",["trim",{"F":"title"}]],3])"},
      {(F<&Book::stock> + 1) * 2 - F<&Book::id>,
       R"(["-",["*",["+",{"F":"stock"},1],2],{"F":"id"}])"},
      {F<&Book::updated_at> - F<&Book::created_at> > std::chrono::hours(1),
       R"([">",["-",{"F":"updated_at"},{"F":"created_at"}],"P0DT01H00M00S"])"},
      {F<&Book::created_at> + std::chrono::hours(24) < now(),
       R"(["<",["+",{"F":"created_at"},"P1DT00H00M00S"],["now"]])"},
      {coalesce(F<&Book::published>, today()), R"(["coalesce",{"F":"published"},["today"]])"},
      {concat(F<&Book::title>, " by ", upper(F<&Book::title>)),
       R"(["concat",{"F":"title"}," by ",["upper",{"F":"title"}]])"},
      {case_<std::string>().when(F<&Book::stock> == 0, "none").otherwise("some"),
       R"(["case",[["=",{"F":"stock"},0],"none"],"some"])"},
      {cast<std::int64_t>(F<&Book::title>), R"(["cast",{"F":"title"},{"type":"BigIntegerField"}])"},
      {extract("year", F<&Book::created_at>) >= 2000,
       R"([">=",["extract","year",{"F":"created_at"}],2000])"},
      {substr(F<&Book::title>, 1, 3), R"(["substr",{"F":"title"},1,3])"},
      {round(F<&Book::price>, 1), R"(["round",{"F":"price"},1])"},
      {key_text(F<&Book::meta>, "isbn") == "1", R"(["=",["key_text",{"F":"meta"},"isbn"],"1"])"},
      {F<&Book::meta>.has_key("isbn"), R"(["has_key",{"F":"meta"},"isbn"])"},
      {F<&Everything::labels>.contains(std::vector<std::string>{"x"}),
       R"(["contains",{"F":"labels"},{"value":["x"]}])"},
      {func<std::string>("unaccent", F<&Book::title>), R"(["func","unaccent",{"F":"title"}])"},
      {raw("stock % ? = 0", 2), R"({"sql":"stock % ? = 0","params":[2]})"},
      {collate(F<&Book::title>, "C") < "m", R"(["<",["collate",{"F":"title"},"C"],"m"])"},
      {random_uuid(), R"(["random_uuid"])"},
  };
  for (const auto& [expression, expected] : cases) {
    CHECK(text_of(expression) == expected);
    for (const Expression& part : {expression}) {
      if (part.kind == Expression::Kind::call) CHECK(call_problem(part).empty());
    }
  }
}

// ---- three apps that refer to each other in a circle

namespace people {
struct Person;
}
namespace office {
struct Desk {
  std::int64_t id{};
  std::optional<turnstone::ForeignKey<people::Person, turnstone::Uuid>> owner{};
  static void describe(turnstone::Model<Desk>& m) {
    m.field<&Desk::id>();
    m.field<&Desk::owner>().on_delete(turnstone::SET_NULL);
  }
};
}  // namespace office
namespace building {
struct Room {
  std::int64_t id{};
  std::optional<turnstone::ForeignKey<office::Desk>> desk{};
  static void describe(turnstone::Model<Room>& m) {
    m.field<&Room::id>();
    m.field<&Room::desk>().on_delete(turnstone::CASCADE);
  }
};
struct Hall : Room {
  std::int32_t seats{};
  static void describe(turnstone::Model<Hall>& m) {
    m.bases<Room>();
    m.field<&Hall::seats>();
  }
};
}  // namespace building
namespace people {
struct Person {
  turnstone::Uuid id{};
  std::optional<turnstone::ForeignKey<building::Room>> room{};
  turnstone::ManyToMany<building::Hall> halls{};
  static void describe(turnstone::Model<Person>& m) {
    m.field<&Person::id>().primary_key();
    m.field<&Person::room>().on_delete(turnstone::SET_NULL);
    m.field<&Person::halls>();
  }
};
}  // namespace people

TEST_CASE("references find their model in whatever app registers the class") {
  Registry registry;
  registry.add(turnstone::declared_app<building::Hall, building::Room>("building"));
  registry.add(turnstone::declared_app<office::Desk>("furniture"));
  registry.add(turnstone::declared_app<people::Person>("people"));
  const turnstone::FinishedModels finished = registry.finish();
  CHECK(texts(finished.problems) == std::vector<std::string>{});
  CHECK(finished.state.get({"building", "room"})->find_field("desk")->to == "furniture.Desk");
  CHECK(finished.state.get({"furniture", "desk"})->find_field("owner")->to == "people.Person");
  CHECK(finished.state.get({"people", "person"})->find_field("halls")->to == "building.Hall");
  CHECK(finished.state.get({"building", "hall"})->bases ==
        std::vector<std::string>{"building.Room"});
}

TEST_CASE("a class that no app registers is named, with what to do") {
  Registry registry;
  registry.add(turnstone::declared_app<office::Desk>("office"));
  CHECK(texts(registry.finish().problems) ==
        std::vector<std::string>{"office.Desk.owner: class people::Person is no model of any app; "
                                 "add it to models<…>() of its App"});
}

TEST_CASE("a class belongs to one app") {
  Registry registry;
  registry.add(turnstone::declared_app<shop::Tag>("shop"));
  CHECK_THROWS_WITH_AS(registry.add(turnstone::declared_app<shop::Tag>("other")),
                       "class shop::Tag is a model of app \"shop\" already", Error);
}

namespace wrong {
struct Uuided {
  turnstone::Uuid id{};
  static void describe(turnstone::Model<Uuided>& m) { m.field<&Uuided::id>().primary_key(); }
};
struct Pointing {
  std::int64_t id{};
  turnstone::ForeignKey<Uuided> target{};
  static void describe(turnstone::Model<Pointing>& m) {
    m.field<&Pointing::id>();
    m.field<&Pointing::target>().on_delete(turnstone::CASCADE);
  }
};

struct Twice {
  std::int64_t id{};
  static void describe(turnstone::Model<Twice>& m) {
    m.field<&Twice::id>();
    m.field<&Twice::id>();
  }
};
struct Slug {
  std::string slug{};
  static void describe(turnstone::Model<Slug>& m) {
    m.field<&Slug::slug>().type("SlugField").protocol("IPv4");
  }
};
struct Typo {
  std::string slug{};
  static void describe(turnstone::Model<Typo>& m) { m.field<&Typo::slug>().type("SlugFeild"); }
};
struct Narrow {
  std::int32_t number{};
  static void describe(turnstone::Model<Narrow>& m) {
    m.field<&Narrow::number>().type("BigIntegerField");
  }
};
struct Range {
  std::int16_t number{};
  static void describe(turnstone::Model<Range>& m) {
    m.field<&Range::number>().default_value(70'000);
  }
};
struct Empty {
  std::optional<std::int32_t> number{};
  static void describe(turnstone::Model<Empty>& m) { m.field<&Empty::number>().member_default(); }
};
struct Nameless {
  std::string title{};
  static void describe(turnstone::Model<Nameless>& m) {
    m.index({turnstone::lower(turnstone::F<&Nameless::title>)});
  }
};
}  // namespace wrong

TEST_CASE("a key whose C++ type is not that of its target is found") {
  Registry registry;
  registry.add(turnstone::declared_app<wrong::Uuided, wrong::Pointing>("wrong"));
  CHECK(texts(registry.finish().problems) ==
        std::vector<std::string>{
            "wrong.Pointing.target: the key of \"wrong.Uuided\" is a UUIDField, and the member "
            "holds another type; write ForeignKey<…, turnstone::Uuid>"});
}

TEST_CASE("what contradicts itself is refused where it is declared") {
  const auto message = [](auto declare) {
    try {
      declare();
    } catch (const Error& error) {
      CHECK(error.kind() == turnstone::ErrorKind::bad_model);
      return error.text();
    }
    return std::string("accepted");
  };
  using turnstone::declared_model;
  CHECK(message([] { declared_model<wrong::Twice>("w"); }) ==
        "the member is described twice (w.Twice.id); one field<> for each; a mixin may have "
        "described it");
  CHECK(message([] { declared_model<wrong::Slug>("w"); }) ==
        "SlugField has no option \"protocol\" (w.Slug.slug)");
  CHECK(message([] { declared_model<wrong::Typo>("w"); }) ==
        "unknown field type \"SlugFeild\" (w.Typo.slug); did you mean \"SlugField\"?");
  CHECK(message([] { declared_model<wrong::Narrow>("w"); }) ==
        "the type of this member cannot be a BigIntegerField; it is an IntegerField "
        "(w.Narrow.number)");
  CHECK(message([] { declared_model<wrong::Range>("w"); }) ==
        "70000 does not fit into a member of 2 bytes (w.Range)");
  CHECK(message([] { declared_model<wrong::Empty>("w"); }) ==
        "member_default() finds no value in the struct (w.Empty.number); initialize the member, "
        "or take the option out");
  CHECK(message([] { declared_model<wrong::Nameless>("w"); }) ==
        "an index over expressions needs a name (w.Nameless)");
}
