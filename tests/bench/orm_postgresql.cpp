#include <arpa/inet.h>
#include <endian.h>
#include <libpq-fe.h>

#include <bit>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "orm_work.h"

// PostgreSQL by hand: prepared statements in binary form, COPY BINARY for many rows.

namespace turnstone::bench::by_hand {
namespace {

using Result = std::unique_ptr<PGresult, void (*)(PGresult*)>;

class Server {
 public:
  explicit Server(const std::string& url) : session_(PQconnectdb(url.c_str())) {
    if (PQstatus(session_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(session_));
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { PQfinish(session_); }

  Result checked(PGresult* result, ExecStatusType wanted) const {
    Result held(result, PQclear);
    if (PQresultStatus(result) != wanted) throw std::runtime_error(PQerrorMessage(session_));
    return held;
  }
  void run(const char* sql) { checked(PQexec(session_, sql), PGRES_COMMAND_OK); }
  PGconn* get() const { return session_; }

 private:
  PGconn* session_;
};

std::int32_t int4(const PGresult* rows, int row, int column) {
  std::uint32_t number = 0;
  std::memcpy(&number, PQgetvalue(rows, row, column), 4);
  return static_cast<std::int32_t>(ntohl(number));
}

std::uint64_t eight(const PGresult* rows, int row, int column) {
  std::uint64_t number = 0;
  std::memcpy(&number, PQgetvalue(rows, row, column), 8);
  return be64toh(number);
}

void read_text(const PGresult* rows, int row, int column, std::string& into) {
  into.assign(PQgetvalue(rows, row, column),
              static_cast<std::size_t>(PQgetlength(rows, row, column)));
}

void read_item(const PGresult* rows, int row, Item& item) {
  item.id = static_cast<std::int64_t>(eight(rows, row, 0));
  read_text(rows, row, 1, item.name);
  item.quantity = int4(rows, row, 2);
  item.weight = std::bit_cast<double>(eight(rows, row, 3));
  item.active = *PQgetvalue(rows, row, 4) != 0;
  if (PQgetisnull(rows, row, 5)) {
    item.note.reset();
  } else {
    read_text(rows, row, 5, item.note.emplace());
  }
}

void put2(std::string& buffer, std::uint16_t number) {
  number = htons(number);
  buffer.append(reinterpret_cast<const char*>(&number), 2);
}
void put4(std::string& buffer, std::uint32_t number) {
  number = htonl(number);
  buffer.append(reinterpret_cast<const char*>(&number), 4);
}
void put8(std::string& buffer, std::uint64_t number) {
  number = htobe64(number);
  buffer.append(reinterpret_cast<const char*>(&number), 8);
}
void put_text(std::string& buffer, const std::string& text) {
  put4(buffer, static_cast<std::uint32_t>(text.size()));
  buffer += text;
}

void put_item(std::string& buffer, const Item& item) {
  put2(buffer, 5);
  put_text(buffer, item.name);
  put4(buffer, 4);
  put4(buffer, static_cast<std::uint32_t>(item.quantity));
  put4(buffer, 8);
  put8(buffer, std::bit_cast<std::uint64_t>(item.weight));
  put4(buffer, 1);
  buffer += item.active ? '\1' : '\0';
  if (item.note) {
    put_text(buffer, *item.note);
  } else {
    put4(buffer, 0xffffffff);
  }
}

}  // namespace

double postgresql_copy(const std::string& url, std::size_t rows) {
  const Server server(url);
  const std::vector<Item> items = make_items(rows);
  const Stopwatch watch;
  server.checked(PQexec(server.get(),
                        "COPY bench_item (name, quantity, weight, active, note) FROM STDIN "
                        "(FORMAT binary)"),
                 PGRES_COPY_IN);
  std::string buffer("PGCOPY\n\377\r\n\0", 11);
  put8(buffer, 0);
  const auto send = [&] {
    if (PQputCopyData(server.get(), buffer.data(), static_cast<int>(buffer.size())) != 1) {
      throw std::runtime_error(PQerrorMessage(server.get()));
    }
    buffer.clear();
  };
  for (const Item& item : items) {
    put_item(buffer, item);
    if (buffer.size() > 64 * 1024) send();
  }
  put2(buffer, 0xffff);
  send();
  if (PQputCopyEnd(server.get(), nullptr) != 1) {
    throw std::runtime_error(PQerrorMessage(server.get()));
  }
  server.checked(PQgetResult(server.get()), PGRES_COMMAND_OK);
  return watch.seconds();
}

double postgresql_read(const std::string& url, std::int64_t expected) {
  const Server server(url);
  const Stopwatch watch;
  const Result rows = server.checked(
      PQexecParams(server.get(), "SELECT id, name, quantity, weight, active, note FROM bench_item",
                   0, nullptr, nullptr, nullptr, nullptr, 1),
      PGRES_TUPLES_OK);
  std::vector<Item> items(static_cast<std::size_t>(PQntuples(rows.get())));
  for (std::size_t i = 0; i < items.size(); ++i) {
    read_item(rows.get(), static_cast<int>(i), items[i]);
  }
  const double seconds = watch.seconds();
  if (checksum(items) != expected) throw std::runtime_error("other rows were read");
  return seconds;
}

double postgresql_points(const std::string& url, const std::vector<std::int64_t>& keys) {
  const Server server(url);
  server.checked(
      PQprepare(server.get(), "by_key",
                "SELECT id, name, quantity, weight, active, note FROM bench_item WHERE id = $1", 1,
                nullptr),
      PGRES_COMMAND_OK);
  const Stopwatch watch;
  std::int64_t sum = 0;
  for (const std::int64_t key : keys) {
    const std::uint64_t number = htobe64(static_cast<std::uint64_t>(key));
    const char* const values[] = {reinterpret_cast<const char*>(&number)};
    const int lengths[] = {8};
    const int formats[] = {1};
    const Result row = server.checked(
        PQexecPrepared(server.get(), "by_key", 1, values, lengths, formats, 1), PGRES_TUPLES_OK);
    if (PQntuples(row.get()) != 1) throw std::runtime_error("a row is missing");
    Item item;
    read_item(row.get(), 0, item);
    sum += item.id;
  }
  const double seconds = watch.seconds();
  if (sum <= 0) throw std::runtime_error("no rows were read");
  return seconds;
}

}  // namespace turnstone::bench::by_hand
