#pragma once

#include <turnstone/app.h>
#include <turnstone/orm.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The rows that the ORM and hand-written code read and write: one table for speed, three that refer
// to each other for flushes.

namespace turnstone::bench {

struct Item {
  std::int64_t id{};
  std::string name{};
  std::int32_t quantity = 0;
  double weight = 0;
  bool active = false;
  std::optional<std::string> note{};
  static void describe(Model<Item>& m);
};

struct Shelf {
  std::int64_t id{};
  std::string name{};
  static void describe(Model<Shelf>& m);
};

struct Book {
  std::int64_t id{};
  std::string title{};
  ForeignKey<Shelf> shelf{};
  static void describe(Model<Book>& m);
};

struct Chapter {
  std::int64_t id{};
  std::string title{};
  ForeignKey<Book> book{};
  static void describe(Model<Chapter>& m);
};

App bench_app();

/// Rows without keys, the same each time.
std::vector<Item> make_items(std::size_t rows);
/// What a reader adds up so that all of them can be seen to have read the same.
std::int64_t checksum(const std::vector<Item>& items);
/// Keys from 1 to `rows` in an order of no meaning.
std::vector<std::int64_t> some_keys(std::size_t rows, std::size_t count);

/// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// What a good programmer writes who has nothing but the C library. Each gives the seconds it took,
/// connecting and making up rows not counted.
namespace by_hand {

double sqlite_insert(const std::string& file, std::size_t rows);
double sqlite_read(const std::string& file, std::int64_t expected);
double sqlite_points(const std::string& file, const std::vector<std::int64_t>& keys,
                     bool in_transaction);
double postgresql_copy(const std::string& url, std::size_t rows);
double postgresql_read(const std::string& url, std::int64_t expected);
double postgresql_points(const std::string& url, const std::vector<std::int64_t>& keys);

}  // namespace by_hand
}  // namespace turnstone::bench
