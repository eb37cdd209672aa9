#include "support/failing_connection.h"

#include <string>

namespace turnstone::test {

InterceptedConnection::InterceptedConnection(std::unique_ptr<Connection> inner, Hooks hooks)
    : inner_(std::move(inner)),
      hooks_(std::move(hooks)),
      name_(inner_->display_name()),
      version_(inner_->server_version()) {}

template <class Call>
auto InterceptedConnection::pass(std::string_view sql, const Call& call) {
  const std::size_t n = count_++;
  if (!inner_) throw lost_connection(sql);
  if (hooks_.before) hooks_.before(n, sql);
  if (!inner_) throw lost_connection(sql);
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
    if (hooks_.after) hooks_.after(n, sql);
  } else {
    auto result = call();
    if (hooks_.after) hooks_.after(n, sql);
    return result;
  }
}

void InterceptedConnection::execute(std::string_view sql) {
  pass(sql, [&] { inner_->execute(sql); });
}

std::int64_t InterceptedConnection::execute(std::string_view sql,
                                            std::span<const Value> parameters) {
  return pass(sql, [&] { return inner_->execute(sql, parameters); });
}

Rows InterceptedConnection::query(std::string_view sql, std::span<const Value> parameters) {
  return pass(sql, [&] { return inner_->query(sql, parameters); });
}

std::unique_ptr<Cursor> InterceptedConnection::cursor(std::string_view sql,
                                                      std::span<const Value> parameters) {
  return pass(sql, [&] { return inner_->cursor(sql, parameters); });
}

bool InterceptedConnection::in_transaction() const { return inner_ && inner_->in_transaction(); }

bool InterceptedConnection::alive() const { return inner_ && inner_->alive(); }

void InterceptedConnection::on_progress(std::function<void()> tick) {
  if (inner_) inner_->on_progress(std::move(tick));
}

void InterceptedConnection::on_waiting(std::function<void()> told) {
  if (inner_) inner_->on_waiting(std::move(told));
}

void InterceptedConnection::cut() { inner_.reset(); }

DatabaseError lost_connection(std::string_view sql) {
  return DatabaseError("the connection broke", {.kind = DatabaseErrorKind::lost_connection},
                       std::string(sql));
}

std::unique_ptr<InterceptedConnection> failing_connection(std::unique_ptr<Connection> inner,
                                                          std::size_t n, Failure failure) {
  auto connection =
      std::make_unique<InterceptedConnection>(std::move(inner), InterceptedConnection::Hooks{});
  InterceptedConnection* raw = connection.get();
  connection->hooks().before = [raw, n, failure](std::size_t at, std::string_view sql) {
    if (at != n || failure == Failure::lost_answer) return;
    if (failure == Failure::refused) throw DatabaseError("injected failure", {}, std::string(sql));
    raw->cut();
  };
  connection->hooks().after = [raw, n, failure](std::size_t at, std::string_view sql) {
    if (at != n || failure != Failure::lost_answer) return;
    raw->cut();
    throw lost_connection(sql);
  };
  return connection;
}

}  // namespace turnstone::test
