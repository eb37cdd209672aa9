#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "orm/library.h"

// Queries made at random give what a plain evaluation over the same rows in memory gives.

using namespace turnstone;
using namespace library;

namespace {

/// How many queries: `TURNSTONE_RANDOM_QUERIES`.
int query_count() {
  const char* given = std::getenv("TURNSTONE_RANDOM_QUERIES");
  return given ? std::atoi(given) : 250;
}

struct World {
  std::map<std::int64_t, Author> authors{};
  std::map<std::int64_t, Book> books{};
  std::map<std::int64_t, Tag> tags{};
  std::map<std::int64_t, std::set<std::int64_t>> tags_of{};

  const Author& author(const Book& book) const { return authors.at(book.author.id()); }
};

/// Relations to many that conditions over books lead over.
enum class Many { none, tags, siblings };

/// A condition in both forms. `test` is of a book, and of a row behind `many` where there is one:
/// a Tag or a Book.
struct Probe {
  enum class Kind { leaf, all, any, not_ };
  Kind kind = Kind::leaf;
  Many many = Many::none;
  std::function<bool(const Book&, const void*)> test{};
  std::vector<Probe> parts{};
  Expression expression{};
};

Many common(const Probe& check) {
  if (check.kind == Probe::Kind::leaf) return check.many;
  if (check.kind == Probe::Kind::not_) return Many::none;
  Many first = common(check.parts.front());
  for (const Probe& part : check.parts) {
    if (common(part) != first) return Many::none;
  }
  return first;
}

std::vector<const void*> rows_behind(const World& world, const Book& book, Many many) {
  std::vector<const void*> rows;
  if (many == Many::tags) {
    const auto at = world.tags_of.find(book.id);
    if (at == world.tags_of.end()) return rows;
    for (const std::int64_t tag : at->second) rows.push_back(&world.tags.at(tag));
  } else {
    for (const auto& [id, other] : world.books) {
      if (other.author == book.author) rows.push_back(&other);
    }
  }
  return rows;
}

bool holds(const World& world, const Probe& check, const Book& book, const void* bound) {
  switch (check.kind) {
    case Probe::Kind::leaf: {
      if (check.many == Many::none || bound) return check.test(book, bound);
      const auto rows = rows_behind(world, book, check.many);
      return std::any_of(rows.begin(), rows.end(),
                         [&](const void* row) { return check.test(book, row); });
    }
    case Probe::Kind::not_:
      return !holds(world, check.parts[0], book, nullptr);
    case Probe::Kind::any:
      return std::any_of(check.parts.begin(), check.parts.end(),
                         [&](const Probe& part) { return holds(world, part, book, bound); });
    case Probe::Kind::all:
      break;
  }
  if (bound) {
    return std::all_of(check.parts.begin(), check.parts.end(),
                       [&](const Probe& part) { return holds(world, part, book, bound); });
  }
  for (const Many many : {Many::tags, Many::siblings}) {
    std::vector<const Probe*> together;
    for (const Probe& part : check.parts) {
      if (common(part) == many) together.push_back(&part);
    }
    if (together.empty()) continue;
    const auto rows = rows_behind(world, book, many);
    const bool one = std::any_of(rows.begin(), rows.end(), [&](const void* row) {
      return std::all_of(together.begin(), together.end(),
                         [&](const Probe* part) { return holds(world, *part, book, row); });
    });
    if (!one) return false;
  }
  return std::all_of(check.parts.begin(), check.parts.end(), [&](const Probe& part) {
    return common(part) != Many::none || holds(world, part, book, nullptr);
  });
}

class Maker {
 public:
  Maker(const World& world, unsigned seed) : world_(world), random_(seed) {}

  Probe check(int depth) {
    const int kind = depth <= 0 ? 0 : pick(6);
    if (kind <= 2) return leaf();
    if (kind == 3) {
      Probe inner = check(depth - 1);
      Probe made{.kind = Probe::Kind::not_};
      made.expression = Expression::call("not", {inner.expression});
      made.parts.push_back(std::move(inner));
      return made;
    }
    Probe made{.kind = kind == 4 ? Probe::Kind::all : Probe::Kind::any};
    std::vector<Expression> expressions;
    for (int i = 2 + pick(2); i > 0; --i) {
      made.parts.push_back(check(depth - 1));
      expressions.push_back(made.parts.back().expression);
    }
    made.expression = Expression::call(kind == 4 ? "and" : "or", std::move(expressions));
    return made;
  }

  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

 private:
  template <class Test>
  static Probe made(const Condition& condition, const Test& test, Many many = Many::none) {
    Probe check;
    check.many = many;
    check.expression = condition.expression();
    check.test = test;
    return check;
  }

  /// `x OP value`, and the same in memory.
  template <class X, class V, class Get>
  Probe compared(const X& x, const V& value, const Get& get, Many many = Many::none) {
    const auto wrap = [&](const Condition& condition, const auto& compare) {
      return made(
          condition,
          [get, value, compare](const Book& book, const void* row) {
            const auto have = get(book, row);
            return have && compare(*have, value);
          },
          many);
    };
    switch (pick(6)) {
      case 0:
        return wrap(x == value, [](const auto& a, const auto& b) { return a == b; });
      case 1:
        return wrap(x != value, [](const auto& a, const auto& b) { return a != b; });
      case 2:
        return wrap(x < value, [](const auto& a, const auto& b) { return a < b; });
      case 3:
        return wrap(x <= value, [](const auto& a, const auto& b) { return a <= b; });
      case 4:
        return wrap(x > value, [](const auto& a, const auto& b) { return a > b; });
      default:
        return wrap(x >= value, [](const auto& a, const auto& b) { return a >= b; });
    }
  }

  Probe leaf() {
    const World& world = world_;
    const auto stock = [](const Book& b, const void*) { return std::optional(b.stock); };
    const auto price = [](const Book& b, const void*) { return std::optional(b.price); };
    switch (pick(15)) {
      case 0:
        return compared(F<&Book::stock>, std::int32_t(pick(6)), stock);
      case 1:
        return compared(F<&Book::price>, Decimal(pick(9) * 50, 2), price);
      case 2:
        return compared(F<&Book::published>, day(),
                        [](const Book& b, const void*) { return b.published; });
      case 3:
        return made(F<&Book::published>.is_null(),
                    [](const Book& b, const void*) { return !b.published.has_value(); });
      case 4: {
        const std::string text = word();
        return made(F<&Book::title>.contains(text), [text](const Book& b, const void*) {
          return b.title.find(text) != std::string::npos;
        });
      }
      case 5: {
        const std::string text = word();
        return made(F<&Book::title>.istartswith(text),
                    [text](const Book& b, const void*) { return lower(b.title).find(text) == 0; });
      }
      case 6: {
        const std::vector<Status> some{Status::draft, Status::retired};
        return made(F<&Book::status>.in(some),
                    [](const Book& b, const void*) { return b.status != Status::published; });
      }
      case 7:
        return compared(
            F<&Book::author, &Author::name>, name(),
            [&world](const Book& b, const void*) { return std::optional(world.author(b).name); });
      case 8:
        return compared(F<&Book::author, &Author::bio>, word(),
                        [&world](const Book& b, const void*) { return world.author(b).bio; });
      case 9:
        return compared(F<&Book::sequel_of, &Book::stock>, std::int32_t(pick(6)),
                        [&world](const Book& b, const void*) {
                          return b.sequel_of
                                     ? std::optional(world.books.at(b.sequel_of->id()).stock)
                                     : std::nullopt;
                        });
      case 10:
        return compared(
            F<&Book::tags, &Tag::label>, word(),
            [](const Book&, const void* row) {
              return std::optional(static_cast<const Tag*>(row)->label);
            },
            Many::tags);
      case 11:
        return compared(
            F<&Book::author, rev<&Book::author>, &Book::stock>, std::int32_t(pick(6)),
            [](const Book&, const void* row) {
              return std::optional(static_cast<const Book*>(row)->stock);
            },
            Many::siblings);
      case 12:
        return compared(
            F<&Book::author, rev<&Book::author>, &Book::published>, day(),
            [](const Book&, const void* row) { return static_cast<const Book*>(row)->published; },
            Many::siblings);
      case 13:
        return made(F<&Book::stock> * 2 > F<&Book::price>, [](const Book& b, const void*) {
          return Decimal(std::int64_t{b.stock} * 2) > b.price;
        });
      default:
        return made(F<&Book::sequel_of>.is_null(),
                    [](const Book& b, const void*) { return !b.sequel_of.has_value(); });
    }
  }

  Date day() { return Date(std::chrono::days(18000 + pick(5))); }
  std::string word() {
    static const char* const words[] = {"a", "ab", "b", "ba", "c_", "%", "ab%"};
    return words[pick(7)];
  }
  std::string name() { return "author " + std::to_string(pick(6)); }
  static std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  }

  const World& world_;
  std::mt19937 random_;
};

World random_world(const Database& db, unsigned seed) {
  std::mt19937 random(seed);
  const auto pick = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  World world;
  static const char* const words[] = {"a", "Ab", "b", "bA", "c_d", "50%", "ab%", "xaby"};
  for (int i = 0; i < 6; ++i) {
    Author author{.name = "author " + std::to_string(i)};
    if (pick(2) == 0) author.bio = words[pick(8)];
    db.save(author);
    world.authors[author.id] = author;
  }
  for (const char* label : {"a", "ab", "b", "%"}) {
    Tag tag{.label = label};
    db.save(tag);
    world.tags[tag.id] = tag;
  }
  for (int i = 0; i < 40; ++i) {
    Book book;
    book.title = std::string(words[pick(8)]) + " " + std::to_string(i);
    book.author = 1 + pick(6);
    book.stock = pick(6);
    book.price = Decimal(pick(9) * 50, 2);
    book.status = static_cast<Status>(pick(3));
    if (pick(3) > 0) book.published = Date(std::chrono::days(18000 + pick(5)));
    if (i > 0 && pick(2) == 0) book.sequel_of = ForeignKey<Book>(1 + pick(i));
    db.save(book);
    world.books[book.id] = book;
    for (int n = pick(3); n > 0; --n) world.tags_of[book.id].insert(1 + pick(4));
    for (const std::int64_t tag : world.tags_of[book.id]) {
      links<&Book::tags>(db, book).add(world.tags.at(tag));
    }
  }
  return world;
}

}  // namespace

TEST_CASE("random queries equal an evaluation in memory") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    const World world = random_world(db, 7);
    for (int seed = 0; seed < query_count(); ++seed) {
      CAPTURE(seed);
      Maker maker(world, static_cast<unsigned>(seed));
      // One or two calls of filter().
      std::vector<Probe> checks{maker.check(3)};
      if (maker.pick(3) == 0) checks.push_back(maker.check(2));
      auto query = db.objects<Book>();
      for (const Probe& check : checks) query = query.filter(Q(check.expression));
      std::vector<const Book*> wanted;
      for (const auto& entry : world.books) {
        const Book& book = entry.second;
        const bool all = std::all_of(checks.begin(), checks.end(), [&](const Probe& check) {
          return holds(world, check, book, nullptr);
        });
        if (all) wanted.push_back(&book);
      }
      CAPTURE(query.sql());
      CHECK(query.count() == static_cast<std::int64_t>(wanted.size()));
      CHECK(query.exists() == !wanted.empty());
      const int order = maker.pick(3);
      std::stable_sort(wanted.begin(), wanted.end(), [&](const Book* a, const Book* b) {
        if (order == 0) return a->stock > b->stock;
        if (order == 1) return a->published < b->published;
        return a->price < b->price;
      });
      const auto ordered =
          order == 0   ? query.order_by(desc(F<&Book::stock>), F<&Book::id>)
          : order == 1 ? query.order_by(asc(F<&Book::published>).nulls_first(), F<&Book::id>)
                       : query.order_by(F<&Book::price>, F<&Book::id>);
      const std::size_t begin = static_cast<std::size_t>(maker.pick(4));
      const std::size_t end = begin + static_cast<std::size_t>(maker.pick(20));
      std::vector<std::int64_t> keys;
      for (std::size_t i = begin; i < std::min(end, wanted.size()); ++i) {
        keys.push_back(wanted[i]->id);
      }
      std::vector<std::int64_t> found;
      for (const Book& book :
           ordered.slice(static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)).all()) {
        found.push_back(book.id);
      }
      CHECK(found == keys);
      // Groups and sums of the same rows.
      std::map<std::int64_t, std::pair<std::int64_t, Decimal>> groups;
      for (const Book* book : wanted) {
        auto& group = groups[book->author.id()];
        ++group.first;
        group.second = group.second + book->price;
      }
      std::map<std::int64_t, std::pair<std::int64_t, Decimal>> given;
      for (const auto& [author, count, total] :
           query.select(F<&Book::author>, turnstone::count(), sum(F<&Book::price>)).all()) {
        given[author] = {count, total.value_or(Decimal(0))};
      }
      CHECK(given == groups);
      if (query.count() != static_cast<std::int64_t>(wanted.size())) return;
    }
  }
}
