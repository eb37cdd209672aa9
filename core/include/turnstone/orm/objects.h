#pragma once

#include <turnstone/orm/queryset.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace turnstone {

/// One row by names: fields (`<fk>_id` for keys), annotations, chosen columns.
class Row {
 public:
  Row(std::shared_ptr<const std::vector<std::string>> names, std::vector<Value> values);
  /// A relation also goes by its own name. Throws Error{bad_model} with the nearest name.
  const Value& operator[](std::string_view name) const;
  const std::vector<std::string>& names() const { return *names_; }
  const std::vector<Value>& values() const { return values_; }

 private:
  std::shared_ptr<const std::vector<std::string>> names_{};
  std::vector<Value> values_{};
};

/// Rows of a model by names, `db.objects("shop.Book")`: for tools, and models without a class.
class Objects : public QueryBase<Objects> {
 public:
  using Values = std::vector<std::pair<std::string, Value>>;

  Objects(const Database& database, ModelKey model);

  std::vector<Row> all() const;
  /// Each row in turn, in constant memory; `visit` gives false to stop.
  void each(const std::function<bool(const Row&)>& visit) const;
  std::optional<Row> first() const;
  std::optional<Row> last() const;
  /// The only row. Throws DoesNotExist, MultipleObjectsReturned.
  Row get() const;
  /// Only these columns, paths over relations too.
  Objects values(const std::vector<std::string>& names) const;
  /// Rows stay locked until the transaction ends.
  Objects for_update(const LockOptions& options = {}) const;
  /// Inserts a row and gives it as the database has it. Fields not named take their default.
  Row create(const Values& values) const;
  std::int64_t update(const Values& values) const;
  std::int64_t remove() const;
};

}  // namespace turnstone
