#include <turnstone/db/connection.h>
#include <turnstone/match.h>

namespace turnstone {
namespace {

struct ToCell {
  Cell operator()(std::monostate) const { return {}; }
  Cell operator()(bool v) const { return {.kind = Cell::Kind::boolean, .integer = v ? 1 : 0}; }
  Cell operator()(std::int64_t v) const { return {.kind = Cell::Kind::integer, .integer = v}; }
  Cell operator()(double v) const { return {.kind = Cell::Kind::real, .real = v}; }
  Cell operator()(const std::string& v) const { return {.kind = Cell::Kind::text, .bytes = v}; }
  Cell operator()(const Bytes& v) const {
    return {.kind = Cell::Kind::bytes,
            .bytes = {reinterpret_cast<const char*>(v.data()), v.size()}};
  }
  Cell operator()(const Decimal& v) const {
    return {.kind = Cell::Kind::decimal, .scale = v.scale(), .coefficient = v.coefficient()};
  }
  Cell operator()(const Uuid& v) const {
    return {.kind = Cell::Kind::uuid, .bytes = {reinterpret_cast<const char*>(v.data()), 16}};
  }
  Cell operator()(const Date& v) const {
    return {.kind = Cell::Kind::date, .integer = v.time_since_epoch().count()};
  }
  Cell operator()(const Time& v) const {
    return {.kind = Cell::Kind::time, .integer = v.since_midnight.count()};
  }
  Cell operator()(const DateTime& v) const {
    return {.kind = Cell::Kind::date_time, .integer = v.time_since_epoch().count()};
  }
  Cell operator()(const Duration& v) const {
    return {.kind = Cell::Kind::duration, .integer = v.count()};
  }
  Cell operator()(const Json& v) const { return {.kind = Cell::Kind::json, .bytes = v.text()}; }
};

/// Cells of rows that are values.
class ValueReader final : public CellReader {
 public:
  explicit ValueReader(Rows rows) : rows_(std::move(rows)) {}
  explicit ValueReader(std::unique_ptr<Cursor> cursor) : cursor_(std::move(cursor)) {}

  bool next() override {
    if (cursor_) {
      if (!cursor_->next(values_)) return false;
    } else {
      if (at_ == rows_.rows.size()) return false;
      values_ = std::move(rows_.rows[at_++]);
    }
    cells_.clear();
    for (const Value& value : values_) cells_.push_back(cell_of(value));
    return true;
  }
  std::span<const Cell> row() const override { return cells_; }
  std::size_t expected() const override { return rows_.rows.size(); }

 private:
  Rows rows_{};
  std::unique_ptr<Cursor> cursor_{};
  std::size_t at_ = 0;
  std::vector<Value> values_{};
  std::vector<Cell> cells_{};
};

}  // namespace

Cell cell_of(const Value& value) { return match(value, ToCell{}); }

Value value_of(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::null:
      return std::monostate{};
    case Cell::Kind::boolean:
      return cell.integer != 0;
    case Cell::Kind::integer:
      return cell.integer;
    case Cell::Kind::real:
      return cell.real;
    case Cell::Kind::text:
    case Cell::Kind::json:
      return std::string(cell.bytes);
    case Cell::Kind::bytes: {
      const auto* bytes = reinterpret_cast<const std::byte*>(cell.bytes.data());
      return Bytes(bytes, bytes + cell.bytes.size());
    }
    case Cell::Kind::decimal:
      return Decimal(cell.coefficient, cell.scale);
    case Cell::Kind::uuid: {
      Uuid uuid;
      std::copy(cell.bytes.begin(), cell.bytes.end(), uuid.data());
      return uuid;
    }
    case Cell::Kind::date:
      return Date(std::chrono::days(cell.integer));
    case Cell::Kind::time:
      return Time{.since_midnight = std::chrono::microseconds(cell.integer)};
    case Cell::Kind::date_time:
      return DateTime(std::chrono::microseconds(cell.integer));
    case Cell::Kind::duration:
      return Duration(cell.integer);
  }
  return std::monostate{};
}

bool same(const Cell& a, const Cell& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Cell::Kind::null:
      return true;
    case Cell::Kind::real:
      return a.real == b.real;
    case Cell::Kind::text:
    case Cell::Kind::bytes:
    case Cell::Kind::uuid:
    case Cell::Kind::json:
      return a.bytes == b.bytes;
    case Cell::Kind::decimal:
      return Decimal(a.coefficient, a.scale) == Decimal(b.coefficient, b.scale);
    default:
      return a.integer == b.integer;
  }
}

std::int64_t Connection::execute_cells(std::string_view sql, std::span<const Cell> parameters) {
  std::vector<Value> values;
  values.reserve(parameters.size());
  for (const Cell& cell : parameters) values.push_back(value_of(cell));
  return execute(sql, values);
}

std::vector<std::int64_t> Connection::execute_all(std::span<const BoundStatement> statements) {
  std::vector<std::int64_t> counts;
  counts.reserve(statements.size());
  for (const BoundStatement& one : statements) counts.push_back(execute(one.sql, one.parameters));
  return counts;
}

std::unique_ptr<CellReader> Connection::read(std::string_view sql,
                                             std::span<const Value> parameters, bool streaming,
                                             std::span<const Field* const>) {
  if (streaming) return std::make_unique<ValueReader>(cursor(sql, parameters));
  return std::make_unique<ValueReader>(query(sql, parameters));
}

std::vector<std::int64_t> Connection::reserve_keys(std::string_view, std::string_view,
                                                   std::size_t) {
  return {};
}

bool Connection::copy_rows(std::string_view, std::span<const std::string>,
                           std::span<const Field* const>,
                           const std::function<bool(std::span<Cell> row)>&) {
  return false;
}

}  // namespace turnstone
