#include <sqlite3.h>

#include <stdexcept>

#include "orm_work.h"

// SQLite by hand: one prepared statement, values bound where they are, rows into the same structs.

namespace turnstone::bench::by_hand {
namespace {

class File {
 public:
  explicit File(const std::string& file) {
    check(sqlite3_open_v2(file.c_str(), &database_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                          nullptr));
    run("PRAGMA foreign_keys = ON");
    run("PRAGMA journal_mode = WAL");
    run("PRAGMA synchronous = NORMAL");
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { sqlite3_close_v2(database_); }

  void run(const char* sql) { check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
  }
  void check(int code) const {
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
      throw std::runtime_error(sqlite3_errmsg(database_));
    }
  }
  sqlite3* get() const { return database_; }

 private:
  sqlite3* database_ = nullptr;
};

void bind_text(sqlite3_stmt* statement, int place, const std::string& text) {
  sqlite3_bind_text(statement, place, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

void read_text(sqlite3_stmt* statement, int column, std::string& into) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  into.assign(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

void read_item(sqlite3_stmt* statement, Item& item) {
  item.id = sqlite3_column_int64(statement, 0);
  read_text(statement, 1, item.name);
  item.quantity = sqlite3_column_int(statement, 2);
  item.weight = sqlite3_column_double(statement, 3);
  item.active = sqlite3_column_int(statement, 4) != 0;
  if (sqlite3_column_type(statement, 5) == SQLITE_NULL) {
    item.note.reset();
  } else {
    read_text(statement, 5, item.note.emplace());
  }
}

}  // namespace

double sqlite_insert(const std::string& file, std::size_t rows) {
  File database(file);
  std::vector<Item> items = make_items(rows);
  const Stopwatch watch;
  database.run("BEGIN IMMEDIATE");
  sqlite3_stmt* statement = database.prepare(
      "INSERT INTO bench_item (name, quantity, weight, active, note) VALUES (?, ?, ?, ?, ?)");
  for (Item& item : items) {
    bind_text(statement, 1, item.name);
    sqlite3_bind_int(statement, 2, item.quantity);
    sqlite3_bind_double(statement, 3, item.weight);
    sqlite3_bind_int(statement, 4, item.active ? 1 : 0);
    if (item.note) {
      bind_text(statement, 5, *item.note);
    } else {
      sqlite3_bind_null(statement, 5);
    }
    database.check(sqlite3_step(statement));
    database.check(sqlite3_reset(statement));
    item.id = sqlite3_last_insert_rowid(database.get());
  }
  sqlite3_finalize(statement);
  database.run("COMMIT");
  return watch.seconds();
}

double sqlite_read(const std::string& file, std::int64_t expected) {
  File database(file);
  const Stopwatch watch;
  sqlite3_stmt* statement =
      database.prepare("SELECT id, name, quantity, weight, active, note FROM bench_item");
  std::vector<Item> items;
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) read_item(statement, items.emplace_back());
  database.check(code);
  sqlite3_finalize(statement);
  const double seconds = watch.seconds();
  if (checksum(items) != expected) throw std::runtime_error("other rows were read");
  return seconds;
}

double sqlite_points(const std::string& file, const std::vector<std::int64_t>& keys,
                     bool in_transaction) {
  File database(file);
  sqlite3_stmt* statement = database.prepare(
      "SELECT id, name, quantity, weight, active, note FROM bench_item WHERE id = ?");
  if (in_transaction) database.run("BEGIN IMMEDIATE");
  const Stopwatch watch;
  std::int64_t sum = 0;
  for (const std::int64_t key : keys) {
    sqlite3_bind_int64(statement, 1, key);
    const int code = sqlite3_step(statement);
    database.check(code);
    if (code != SQLITE_ROW) throw std::runtime_error("a row is missing");
    Item item;
    read_item(statement, item);
    database.check(sqlite3_reset(statement));
    sum += item.id;
  }
  const double seconds = watch.seconds();
  sqlite3_finalize(statement);
  if (in_transaction) database.run("COMMIT");
  if (sum <= 0) throw std::runtime_error("no rows were read");
  return seconds;
}

}  // namespace turnstone::bench::by_hand
