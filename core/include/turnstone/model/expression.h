#pragma once

#include <turnstone/values.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

struct Field;
struct Query;

/// An expression over the columns of one model, as data: conditions of constraints and indexes,
/// expression indexes, `db_default`, generated columns.
///
/// Its written form is `formats.md`, "Expressions". The heads of calls are the words used there.
struct Expression {
  enum class Kind {
    literal,  ///< `value`, any JSON; `type` where it cannot be told from the context
    field,    ///< `name` is a field of the model, `<fk>_id`, or `pk`
    raw,      ///< `name` is SQL text used as it stands, `arguments` its literal parameters for `?`
    call,     ///< `name` is the head, `arguments` its operands in order
  };
  Kind kind = Kind::literal;
  std::string name{};
  Json value{};
  std::shared_ptr<const Field> type{};  ///< of a typed literal, or the target of `cast`
  std::vector<Expression> arguments{};
  std::shared_ptr<const Query> query{};  ///< of `subquery` and `exists`, in queries alone
  /// `case` keeps its branches as calls `when`(condition, value) and its default as last argument.

  // Copied in many places: compiled in one.
  Expression();
  Expression(const Expression& other);
  Expression(Expression&& other) noexcept;
  Expression& operator=(const Expression& other);
  Expression& operator=(Expression&& other) noexcept;
  ~Expression();

  static Expression literal(Json value);
  static Expression field(std::string name);
  static Expression raw(std::string sql, std::vector<Expression> parameters = {});
  static Expression call(std::string head, std::vector<Expression> arguments);

  bool operator==(const Expression& other) const;
};

/// True when `use` holds for a field name anywhere in `expression`.
bool any_field(const Expression& expression, const std::function<bool(const std::string&)>& use);
/// The same expression with every reference to field `from` (and `from_id`) naming `to`.
Expression renamed_field(const Expression& expression, std::string_view from, std::string_view to);
/// All heads of calls that files may use, sorted.
const std::vector<std::string>& expression_heads();
/// Empty, or what is wrong with this call by itself: an unknown head, the number of its operands, a
/// word such as a unit that it does not know. Operands are not looked into.
std::string call_problem(const Expression& call);

}  // namespace turnstone
