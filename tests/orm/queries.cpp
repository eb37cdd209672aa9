#include <doctest/doctest.h>

#include <cmath>

#include "orm/library.h"

using namespace turnstone;
using namespace library;
using namespace turnstone::literals;

namespace {

using Titles = std::vector<std::string>;

/// Titles of the books that meet a condition, in order of key.
template <class C>
Titles books_where(const Database& db, const C& condition) {
  return titles(db.objects<Book>().filter(condition).order_by(F<&Book::id>).all());
}
template <class V>
Titles books_by_name(const Database& db, const std::string& lookup, const V& value) {
  return titles(db.objects<Book>().filter(lookup, value).order_by("id").all());
}

}  // namespace

TEST_CASE("conditions over own fields") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    CHECK(books_where(db, F<&Book::price> > "6.00"_dec) == Titles{"Notes", "Engines"});
    CHECK(books_where(db, F<&Book::price> == 6) == Titles{"More verses", "Last verses"});
    CHECK(books_where(db, F<&Book::title>.icontains("VERSE") && F<&Book::stock> > 0) ==
          Titles{"Verses", "More verses"});
    CHECK(books_where(db, F<&Book::title>.contains("%")) == Titles{});
    CHECK(books_where(db, F<&Book::title>.startswith("Verse") || F<&Book::stock> == 3) ==
          Titles{"Notes", "Verses"});
    CHECK(books_where(db, F<&Book::status>.in({Status::draft, Status::retired})) ==
          Titles{"Engines", "More verses"});
    CHECK(books_where(db, F<&Book::published>.is_null()) == Titles{"Engines"});
    CHECK(books_where(db, F<&Book::published> < Date(std::chrono::year(2021) / 1 / 1)) ==
          Titles{"Notes"});
    // What is not known to meet it is left by `not`, as in Django.
    CHECK(books_where(db, !(F<&Book::published> < Date(std::chrono::year(2022) / 1 / 1))) ==
          Titles{"Engines", "More verses", "Last verses"});
    CHECK(books_where(db, F<&Book::stock>.between(1, 3)) == Titles{"Notes", "More verses"});
    CHECK(books_where(db, F<&Book::stock> * 2 > F<&Book::price>) == Titles{"Verses"});
    CHECK(books_where(db, length(F<&Book::title>) == 5) == Titles{"Notes"});
    CHECK(books_where(db, F<&Book::id>.in(std::vector<std::int64_t>{})) == Titles{});
    CHECK(db.objects<Book>().exclude(F<&Book::title>.iendswith("VERSES")).count() == 2);
  }
}

TEST_CASE("conditions by names, with every kind of look-up") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    CHECK(books_by_name(db, "title", "Notes") == Titles{"Notes"});
    CHECK(books_by_name(db, "title__iexact", "NOTES") == Titles{"Notes"});
    CHECK(books_by_name(db, "price__gte", 9.5) == Titles{"Notes", "Engines"});
    CHECK(books_by_name(db, "price__lt", "6.00") == Titles{"Verses"});
    CHECK(books_by_name(db, "stock__in", std::vector<int>{3, 7}) == Titles{"Notes", "Verses"});
    CHECK(books_by_name(db, "stock__range", std::vector<int>{1, 3}) ==
          Titles{"Notes", "More verses"});
    CHECK(books_by_name(db, "published__isnull", true) == Titles{"Engines"});
    CHECK(books_by_name(db, "published", std::nullopt) == Titles{"Engines"});
    CHECK(books_by_name(db, "published__year", 2021) == Titles{"Verses"});
    CHECK(books_by_name(db, "published__month__gt", 2) == Titles{"Verses", "Last verses"});
    CHECK(books_by_name(db, "author__name__startswith", "A") == Titles{"Notes", "Engines"});
    CHECK(books_by_name(db, "author", 1) == Titles{"Notes", "Engines"});
    CHECK(books_by_name(db, "author_id", 1) == Titles{"Notes", "Engines"});
    CHECK(books_by_name(db, "author__country__name", "Britain") == Titles{"Notes", "Engines"});
    CHECK(books_by_name(db, "tags__label", "old") == Titles{"Verses"});
    CHECK(books_by_name(db, "pk", 3) == Titles{"Verses"});
    const auto books = db.objects<Book>();
    CHECK(books.filter(Q("stock", 0) || Q("price__gt", 9)).count() == 3);
    CHECK(books.filter(!(Q("stock", 0) && Q("price__lt", 9))).count() == 4);
    CHECK(books.filter(Q("stock", 0) ^ Q("price__gt", 9)).count() == 2);
    CHECK(db.objects("library.Author").filter("books__price__gt", 9).count() == 1);

    const auto error = [&](const std::string& lookup) {
      try {
        (void)books.filter(lookup, 1);
      } catch (const Error& caught) {
        return caught.text();
      }
      return std::string();
    };
    CHECK(error("prise") ==
          "library.Book has no field \"prise\" (filter \"prise\"); did you mean \"price\"?");
    CHECK(error("price__gtt") ==
          "there is no look-up or field \"gtt\" here (filter \"price__gtt\"); did you mean "
          "\"gt\"?");
    CHECK(error("author__nam") ==
          "there is no look-up or field \"nam\" here (filter \"author__nam\"); did you mean "
          "\"name\"?");
  }
}

TEST_CASE("paths over relations, both ways, never double rows") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto authors = [&](const auto& condition) {
      Titles names;
      for (const Author& a :
           db.objects<Author>().filter(condition).order_by(F<&Author::name>).all()) {
        names.push_back(a.name);
      }
      return names;
    };
    CHECK(books_where(db, F<&Book::author, &Author::name> == "Ada") == Titles{"Notes", "Engines"});
    CHECK(books_where(db, F<&Book::sequel_of, &Book::author, &Author::name> == "Bob") ==
          Titles{"More verses"});
    CHECK(authors(F<rev<&Book::author>, &Book::price> >= 6) == Titles{"Ada", "Bob"});
    // Of the same book.
    CHECK(authors(F<rev<&Book::author>, &Book::price> > 9 &&
                  F<rev<&Book::author>, &Book::stock> == 0) == Titles{"Ada"});
    CHECK(authors(F<rev<&Book::author>, &Book::price> < 6 &&
                  F<rev<&Book::author>, &Book::stock> == 0) == Titles{});
    // Of any two.
    CHECK(db.objects<Author>()
              .filter(F<rev<&Book::author>, &Book::price> < 6)
              .filter(F<rev<&Book::author>, &Book::stock> == 0)
              .count() == 1);
    CHECK(authors(F<rev<&Book::author>>.is_null()) == Titles{"Cyd"});
    CHECK(authors(!(F<rev<&Book::author>, &Book::stock> > 5)) == Titles{"Ada", "Cyd"});
    CHECK(authors(F<rev<&Book::author>, &Book::tags, &Tag::label> == "verse") == Titles{"Bob"});
    CHECK(books_where(db, F<&Book::tags, &Tag::label> == "verse") ==
          Titles{"Verses", "More verses"});
    CHECK(books_where(db, F<&Book::tags> == 1) == Titles{"Notes", "Engines"});
    CHECK(db.objects<Tag>().filter(F<rev<&Book::tags>, &Book::price> > 9).count() == 1);
    CHECK(authors(F<&Author::country, &Country::name> == "Britain") == Titles{"Ada"});
    CHECK(books_where(db, F<&Book::author, &Author::country>.is_null()) ==
          Titles{"Verses", "More verses", "Last verses"});
  }
}

TEST_CASE("order, slices, first and last") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto books = db.objects<Book>();
    CHECK(titles(books.order_by(desc(F<&Book::price>), F<&Book::title>).all()) ==
          Titles{"Engines", "Notes", "Last verses", "More verses", "Verses"});
    CHECK(titles(books.order_by("author__name", "-id").limit(3).all()) ==
          Titles{"Engines", "Notes", "Last verses"});
    CHECK(titles(books.order_by("id").slice(1, 4).slice(1, 2).all()) == Titles{"Verses"});
    CHECK(titles(books.order_by("id").offset(3).all()) == Titles{"More verses", "Last verses"});
    CHECK(books.first()->title == "Notes");
    CHECK(books.last()->title == "Last verses");
    CHECK(books.order_by("price").first()->title == "Verses");
    CHECK(books.latest(F<&Book::stock>)->title == "Verses");
    CHECK(titles(books.order_by(F<&Book::published>.is_null(), F<&Book::published>)
                     .reverse()
                     .limit(1)
                     .all()) == Titles{"Engines"});
    CHECK(books.slice(1, 4).count() == 3);
    CHECK(books.exists());
    CHECK_FALSE(books.filter(F<&Book::stock> > 100).exists());
    CHECK(books.none().all().empty());
    CHECK_THROWS_AS(books.get(), MultipleObjectsReturned);
    CHECK_THROWS_AS(books.filter("title", "x").get(), DoesNotExist);
    Titles streamed;
    books.order_by("id").each([&](const Book& book) {
      streamed.push_back(book.title);
      return streamed.size() < 2;
    });
    CHECK(streamed == Titles{"Notes", "Engines"});
  }
}

TEST_CASE("columns, aggregates and groups") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto books = db.objects<Book>();
    const auto pairs = books.order_by("id").limit(2).select(F<&Book::title>, F<&Book::published>);
    CHECK(pairs.all().at(0) == std::tuple(std::string("Notes"), parse_date("2020-01-05")));
    CHECK(std::get<1>(pairs.all().at(1)) == std::nullopt);
    CHECK(books.aggregate(count()) == 5);
    CHECK(books.aggregate(sum(F<&Book::price>)) == "46.75"_dec);
    CHECK(books.filter("stock", 99).aggregate(sum(F<&Book::stock>)) == std::nullopt);
    CHECK(books.aggregate(max(F<&Book::stock>), avg(F<&Book::stock>)) ==
          std::tuple(std::optional<std::int32_t>(7), std::optional<double>(2.2)));
    using Sums = std::vector<std::tuple<std::string, std::optional<Decimal>, std::int64_t>>;
    CHECK(books.select(F<&Book::author, &Author::name>, sum(F<&Book::price>), count())
              .order_by(F<&Book::author, &Author::name>)
              .all() == Sums{{"Ada", "29.50"_dec, 2}, {"Bob", "17.25"_dec, 3}});
    CHECK(books.select(F<&Book::author, &Author::name>, count()).filter(count() > 2).all().size() ==
          1);
    const auto counted =
        db.objects<Author>()
            .annotate("books_count", count(F<rev<&Book::author>>))
            .annotate("dear",
                      count(F<rev<&Book::author>>).filter(F<rev<&Book::author>, &Book::price> > 9));
    CHECK(counted.filter("books_count__gte", 2).count() == 2);
    CHECK(counted.filter("books_count", 0).get().name == "Cyd");
    CHECK(counted.order_by("-books_count").first()->name == "Bob");
    CHECK(counted.filter("dear", 2).get().name == "Ada");
    CHECK(books.distinct().select(F<&Book::price>).all().size() == 4);
    CHECK(books.aggregate(count(distinct(F<&Book::price>))) == 4);
  }
}

TEST_CASE("subqueries, EXISTS, CASE and windows") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto books = db.objects<Book>();
    const auto dear = books.filter(F<&Book::price> > 9);
    CHECK(db.objects<Author>().filter(F<&Author::id>.in(dear.select(F<&Book::author>))).count() ==
          1);
    CHECK(db.objects<Author>()
              .filter(!exists(books.filter(F<&Book::author> == outer(F<&Author::id>))))
              .get()
              .name == "Cyd");
    const auto newest = books.filter(F<&Book::author> == outer(F<&Author::id>))
                            .order_by(desc(F<&Book::id>))
                            .limit(1)
                            .select(F<&Book::title>);
    using Pairs = std::vector<std::tuple<std::string, std::optional<std::string>>>;
    CHECK(db.objects<Author>().order_by("name").select(F<&Author::name>, subquery(newest)).all() ==
          Pairs{{"Ada", "Engines"}, {"Bob", "Last verses"}, {"Cyd", std::nullopt}});
    const auto words = case_<std::string>()
                           .when(F<&Book::stock> == 0, "none")
                           .when(F<&Book::stock> < 5, "few")
                           .otherwise("many");
    CHECK(books.order_by("id").select(words).values() ==
          Titles{"few", "none", "many", "few", "none"});
    using Ranks = std::vector<std::tuple<std::string, std::optional<std::int64_t>>>;
    CHECK(books.order_by("id")
              .select(F<&Book::title>, window(row_number(), {.partition_by = {F<&Book::author>},
                                                             .order_by = {desc(F<&Book::price>)}}))
              .limit(2)
              .all() == Ranks{{"Notes", 2}, {"Engines", 1}});
  }
}

TEST_CASE("queries change and delete rows") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto books = db.objects<Book>();
    CHECK(books.filter(F<&Book::stock> > 0)
              .update(F<&Book::stock>.set(F<&Book::stock> - 1),
                      F<&Book::published>.set(std::nullopt)) == 3);
    CHECK(books.filter("title", "Verses").get().stock == 6);
    CHECK(books.filter(F<&Book::author, &Author::name> == "Ada")
              .update(F<&Book::status>.set(Status::retired)) == 2);
    CHECK(books.filter("status", "R").count() == 3);
    CHECK(books.filter(F<&Book::tags, &Tag::label> == "math").update(F<&Book::stock>.set(50)) == 2);
    CHECK_THROWS_WITH(books.limit(1).update(F<&Book::stock>.set(1)), doctest::Contains("sliced"));
    CHECK_THROWS_WITH(books.update(F<&Book::title>.set(F<&Book::author, &Author::name>)),
                      doctest::Contains("leads over a relation"));
    CHECK(db.objects<Tag>().filter(F<&Tag::label> == "old").remove() == 1);
    CHECK(books.filter(F<&Book::author, &Author::name> == "Bob").remove() == 3);
    CHECK(books.count() == 2);
  }
}

TEST_CASE("rows by names") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const Row made = db.objects("library.Book")
                         .create({{"title", std::string("New")},
                                  {"author", std::int64_t{1}},
                                  {"price", std::string("1.50")},
                                  {"stock", std::int64_t{2}},
                                  {"status", std::string("D")}});
    CHECK(std::get<Decimal>(made["price"]) == "1.5"_dec);
    CHECK(std::get<std::int64_t>(made["author"]) == 1);
    const auto rows = db.objects("library.Book").filter("title", "New");
    CHECK(rows.update({{"price", std::string("2.25")}}) == 1);
    CHECK(std::get<Decimal>(rows.get()["price"]) == "2.25"_dec);
    const auto names = db.objects("library.book").order_by("-id").values({"title", "author__name"});
    CHECK(std::get<std::string>(names.first().value()["author__name"]) == "Ada");
    CHECK(rows.remove() == 1);
    CHECK_THROWS_WITH((void)made["prise"], "the row has no column \"prise\"");
    CHECK_THROWS_WITH(db.objects("library.Bok"), doctest::Contains("there is no model"));
  }
}

TEST_CASE("rows of relations are loaded with select_related, or asked for too early") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const Book plain = db.objects<Book>().first().value();
    CHECK_THROWS_WITH_AS(plain.author.row(), "the row of library::Author was not loaded",
                         NotLoaded);
    const std::size_t before = fixture.statements();
    const auto books = db.objects<Book>()
                           .select_related<&Book::author, &Author::country>()
                           .select_related<&Book::sequel_of>()
                           .order_by("id")
                           .all();
    CHECK(books[0].author->name == "Ada");
    CHECK(books[0].author->country->row()->name == "Britain");
    CHECK_FALSE(books[2].author->country.has_value());
    CHECK(books[3].sequel_of->row()->title == "Verses");
    CHECK(fixture.statements() == before + 1);
  }
}

TEST_CASE("queries of several queries") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto books = db.objects<Book>();
    const auto dear = books.filter(F<&Book::price> > 9);
    const auto sold = books.filter(F<&Book::stock> == 0);
    const auto verses = books.filter(F<&Book::title>.icontains("verses"));
    CHECK(titles(dear.union_(sold).order_by("title").all()) ==
          Titles{"Engines", "Last verses", "Notes"});
    CHECK(dear.union_all(sold, verses).count() == 7);
    CHECK(titles(sold.intersection(verses).all()) == Titles{"Last verses"});
    CHECK(titles(verses.difference(sold, dear).order_by("-price").all()) ==
          Titles{"More verses", "Verses"});
    CHECK(titles(dear.union_(sold).order_by("-title").slice(1, 3).all()) ==
          Titles{"Last verses", "Engines"});
    CHECK(dear.union_(sold).slice(0, 2).count() == 2);
    CHECK(dear.union_(sold).exists());
    CHECK_FALSE(dear.intersection(verses).exists());
    CHECK(dear.union_(sold).order_by("id").first()->title == "Notes");
    CHECK(dear.union_(sold).last()->title == "Last verses");
    // Parts that are sliced, and queries of several as parts.
    CHECK(titles(books.order_by("id")
                     .limit(1)
                     .union_(books.order_by("-id").limit(1))
                     .order_by("id")
                     .all()) == Titles{"Notes", "Last verses"});
    CHECK(titles(dear.union_(sold).difference(verses).order_by("id").all()) ==
          Titles{"Notes", "Engines"});
    // As the keys of another query.
    CHECK(books.filter(F<&Book::id>.in(dear.select(F<&Book::id>).union_(sold.select(F<&Book::id>))))
              .count() == 3);
    // Columns.
    CHECK(dear.select(F<&Book::title>)
              .union_(sold.select(F<&Book::title>))
              .order_by("title")
              .values() == Titles{"Engines", "Last verses", "Notes"});
    CHECK(db.objects("library.Book")
              .filter("stock", 0)
              .union_(db.objects("library.Book").filter("price__gt", 9))
              .count() == 3);

    CHECK_THROWS_WITH(dear.union_(sold).filter("stock", 1).all(),
                      doctest::Contains("only be ordered"));
    CHECK_THROWS_WITH(dear.union_(sold).update(F<&Book::stock>.set(1)),
                      doctest::Contains("several"));
    CHECK_THROWS_WITH(dear.union_(sold).remove(), doctest::Contains("several"));
    CHECK_THROWS_WITH(dear.union_(sold).order_by("author__name").all(),
                      doctest::Contains("by its columns alone"));
    CHECK(books.count() == 5);
  }
}

TEST_CASE("aliases are for conditions and orders alone") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto counted = db.objects<Author>().alias("n", count(F<rev<&Book::author>>));
    CHECK(counted.filter("n__gt", 2).get().name == "Bob");
    CHECK(counted.order_by("-n").first()->name == "Bob");
    CHECK(counted.filter("n__gte", 2).aggregate(count()) == 2);
    const auto row =
        db.objects("library.Author").alias("n", count(F<rev<&Book::author>>)).filter("n", 0).get();
    CHECK(std::get<std::string>(row["name"]) == "Cyd");
    CHECK_THROWS_WITH(row["n"], doctest::Contains("no column \"n\""));
    // An aggregate over rows that an annotation chooses.
    CHECK(db.objects<Book>()
              .annotate("twice", F<&Book::stock> * 2)
              .filter("twice__gt", 5)
              .aggregate(sum(F<&Book::stock>)) == 10);
  }
}

TEST_CASE("regular expressions, deviation and variance mean the same on both databases") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto books = db.objects<Book>();
    CHECK(books_where(db, F<&Book::title>.regex("^[LM].*verses$")) ==
          Titles{"More verses", "Last verses"});
    CHECK(books_where(db, F<&Book::title>.regex("VERSES")) == Titles{});
    CHECK(books_where(db, F<&Book::title>.iregex("VERSES$") && F<&Book::stock> > 0) ==
          Titles{"Verses", "More verses"});
    CHECK(books_by_name(db, "title__regex", "^.{5}$") == Titles{"Notes"});
    CHECK(books_by_name(db, "author__name__iregex", "^a") == Titles{"Notes", "Engines"});
    // What is no text of the row but computed, so that both sides have parameters.
    CHECK(books.filter(concat(F<&Book::title>, "!").regex("s!$")).count() == 5);
    CHECK(books.filter(F<&Book::published>.is_null() && F<&Book::title>.regex("g")).count() == 1);
    CHECK(db.objects<Author>().filter(F<&Author::bio>.regex(".")).count() == 2);
    CHECK(db.objects<Author>().filter(!F<&Author::bio>.regex("engines")).count() == 2);
    Tag letters{.label = "\u00c4rger"};
    db.save(letters);
    CHECK(db.objects<Tag>().filter(F<&Tag::label>.regex("^.rger$")).count() == 1);
    CHECK(db.objects<Tag>().filter(F<&Tag::label>.iregex("^\u00e4r")).count() == 1);
    CHECK_THROWS_AS(books_where(db, F<&Book::title>.regex("(")), DatabaseError);

    const auto near = [](const std::optional<double>& value, double wanted) {
      return value && std::abs(*value - wanted) < 1e-9;
    };
    CHECK(near(books.aggregate(variance(F<&Book::stock>)), 6.96));
    CHECK(near(books.aggregate(stddev(F<&Book::stock>)), std::sqrt(6.96)));
    CHECK(near(books.filter("id", 1).aggregate(stddev(F<&Book::price>)), 0));
    CHECK(books.filter("id", 99).aggregate(variance(F<&Book::stock>)) == std::nullopt);
    CHECK(books.select(F<&Book::author>, stddev(F<&Book::stock>)).all().size() == 2);
  }
}

TEST_CASE("moments in which there are rows") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto books = db.objects<Book>();
    using Dates = std::vector<Date>;
    const auto date = [](const char* text) { return parse_date(text).value(); };
    const auto moment = [](const char* text) { return parse_date_time(text).value(); };
    CHECK(books.dates(F<&Book::published>, "year") ==
          Dates{date("2020-01-01"), date("2021-01-01"), date("2022-01-01"), date("2023-01-01")});
    CHECK(books.filter("author__name", "Bob").dates(F<&Book::published>, "month", true) ==
          Dates{date("2023-03-01"), date("2022-02-01"), date("2021-06-01")});
    CHECK(books.filter("id", 1).dates(F<&Book::published>, "week") == Dates{date("2019-12-30")});
    CHECK(books.filter("id", 1).dates(F<&Book::published>, "quarter") == Dates{date("2020-01-01")});
    for (const char* at : {"2024-05-06T07:08:09Z", "2024-05-06T07:40:00Z"}) {
      Sample sample{.moment = moment(at)};
      db.save(sample);
    }
    CHECK(db.objects<Sample>().datetimes(F<&Sample::moment>, "hour") ==
          std::vector<DateTime>{moment("2024-05-06T07:00:00Z")});
    CHECK(db.objects<Sample>().datetimes(F<&Sample::moment>, "minute").size() == 2);
    CHECK_THROWS_AS(books.dates(F<&Book::published>, "fortnight"), Error);
  }
}

TEST_CASE("explain gives the plan of the database") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto verses = db.objects<Book>().filter("title", "Verses");
    const auto tells = [](const std::string& plan, const std::string& word) {
      CAPTURE(plan);
      CHECK(plan.find(word) != std::string::npos);
    };
    if (dialect == "sqlite") {
      tells(verses.explain(), "SCAN");
      tells(db.objects<Book>().filter("pk", 1).explain(), "SEARCH");
      tells(verses.union_(verses).explain(), "UNION");
      CHECK_THROWS_WITH(verses.explain(true), doctest::Contains("without running them"));
    } else {
      tells(verses.explain(), "library_book");
      tells(verses.explain(true), "actual time");
      tells(verses.union_(verses).explain(), "Append");
    }
  }
}
