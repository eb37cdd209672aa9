#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/model/expression.h>

#include <optional>
#include <string>
#include <vector>

namespace turnstone {

/// Writes expressions as SQL. What fields and literals become is the heir's matter: columns of one
/// model and SQL literals in a schema, joined columns and parameters in a query.
class ExpressionRenderer {
 public:
  explicit ExpressionRenderer(const Dialect& dialect) : dialect_(dialect) {}
  ExpressionRenderer(const ExpressionRenderer&) = delete;
  ExpressionRenderer& operator=(const ExpressionRenderer&) = delete;
  virtual ~ExpressionRenderer() = default;

  /// `wanted`: the field beside which a literal stands.
  Sql render(const Expression& expression, const Field* wanted = nullptr);
  /// The field that says what type `expression` has; nullptr where it cannot be told.
  const Field* type_of(const Expression& expression);

 protected:
  virtual Sql field(const Expression& expression) = 0;
  virtual const Field* field_type(const Expression& expression) = 0;
  virtual Sql literal(const Expression& expression, const Field* wanted) = 0;
  /// Where messages say it happened.
  virtual std::string place() const = 0;
  /// What only the heir can write; empty for all else.
  virtual std::optional<Sql> own_call(const Expression& call, const Field* wanted);
  virtual const Field* own_type(const Expression& call);
  /// True for an operand that belongs to the shape of the call, such as the unit of `extract`.
  virtual bool is_shape(const Expression&, std::size_t) { return false; }
  /// `call` as the dialect may look at it: what it sees written out it writes out.
  virtual Expression shown(const Expression& call) { return call; }

  [[noreturn]] void fail(ErrorKind kind, const std::string& message,
                         const std::string& hint = {}) const;
  const Dialect& dialect() const { return dialect_; }

 private:
  Sql raw(const Expression& expression);
  Sql call(const Expression& expression, const Field* wanted);
  Sql case_sql(const Expression& expression, const Field* wanted);
  Sql standard(const Expression& expression, const std::vector<Sql>& arguments);

  const Dialect& dialect_;
};

}  // namespace turnstone
