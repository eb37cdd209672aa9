#pragma once

#include <deque>
#include <optional>

#include "orm/compiler.h"

namespace turnstone::orm {

/// What all levels of one statement share.
struct Shared {
  const Paths& paths;
  std::vector<Value> parameters{};
  std::size_t aliases = 0;

  std::string alias() { return quote("t" + std::to_string(aliases++)); }
  static std::string quote(const std::string& name) { return "\"" + name + "\""; }
  Sql bind(const Value& value, const Field& type);
};

/// One SELECT of a statement: the tables it reads, and expressions over them.
///
/// A level is a query of its own, or rows behind a relation of another level: then names that begin
/// with `prefix` mean its own rows and all others are the outer level's.
class Level final : public ExpressionRenderer {
 public:
  Level(Shared& shared, const Query& query, ModelPtr model, Level* outer);
  /// Rows behind `prefix`, a path of `base` that ends with a relation to many.
  Level(Shared& shared, Level& base, Level& outer, const std::string& prefix);

  /// A condition, so that it neither doubles rows nor is unknown.
  Sql condition(const Expression& expression);
  /// A value; relations to many are joined.
  Sql value(const Expression& expression, const Field* wanted = nullptr);
  const Field* result_type(const Expression& expression);

  /// ` FROM … JOIN …`; to be asked for when everything else is written.
  std::string from() const;
  bool joined() const { return !joins_.empty(); }
  const std::string& alias() const { return nodes_.front().alias; }
  const ModelPtr& model() const { return nodes_.front().model; }
  /// Joins the relation at the end of `path`, gives the alias and model of its rows.
  std::pair<std::string, ModelPtr> join_path(const std::string& path);
  /// The column of a field of the rows at `path` (empty: the level's own).
  Sql column_at(const std::string& path, const ModelColumn& column);
  /// Aggregates are over the rows of this level (GROUP BY), not over rows behind each row.
  void grouped(bool value) { grouped_ = value; }
  const std::string& correlation() const { return correlation_; }

 protected:
  Sql field(const Expression& expression) override;
  const Field* field_type(const Expression& expression) override;
  Sql literal(const Expression& expression, const Field* wanted) override;
  std::string place() const override;
  std::optional<Sql> own_call(const Expression& call, const Field* wanted) override;
  const Field* own_type(const Expression& call) override;
  Expression shown(const Expression& call) override;
  bool is_shape(const Expression& call, std::size_t i) override;

 private:
  /// The rows at one path.
  struct Node {
    ModelPtr model{};
    std::string alias{};  ///< empty: behind a table of links, not joined yet
    std::string link{};   ///< alias of that table
    Relation relation{};
    bool optional = false;
  };
  struct Join {
    std::string table{};
    std::string alias{};
    std::string on{};
    bool left = false;
  };
  struct Column {
    Sql sql{};
    const Field* field = nullptr;
    const Field* type = nullptr;
    bool nullable = false;
  };
  struct Many {
    Level* level = nullptr;
    std::string prefix{};
    explicit operator bool() const { return level != nullptr; }
    bool operator==(const Many&) const = default;
  };

  std::optional<std::string> remainder(const std::string& path) const;
  const QueryColumn* annotation(const std::string& name) const;
  std::size_t join(std::size_t from, const Relation& relation, const std::string& path);
  std::size_t climb(std::size_t from, const Step& step, const std::string& path);
  const std::string& alias_of(std::size_t node);
  std::size_t walk(const std::vector<std::string>& parts);
  Column column(const std::string& path);
  Column column_of(std::size_t node, const Step& step);
  Column key_column(std::size_t node);
  /// Type of a path without joining anything.
  const Field* type_at(const std::string& path);
  Many many(const std::string& path);
  Many many_in(const Expression& expression);
  Many common_many(const Expression& condition);
  [[noreturn]] void unknown(const ModelPtr& model, const std::string& name);

  Sql exists(const Many& many, const std::vector<const Expression*>& conditions);
  Sql all_of(const std::vector<Expression>& conditions);
  Sql negated(const Expression& inner);
  Sql is_null(const Expression& operand);
  Sql aggregate(const Expression& call);
  Sql aggregate_here(const Expression& call, const Expression* filter);
  Sql subquery(const Query& query, bool exists);
  Sql window(const Expression& call);
  Sql order_terms(const std::vector<Expression>& terms);
  std::optional<Sql> comparison(const Expression& call);

  Shared& shared_;
  const Query* query_ = nullptr;
  Level* outer_ = nullptr;
  bool behind_ = false;  ///< rows behind a relation of `outer_`
  std::string prefix_{};
  std::string correlation_{};
  std::deque<Node> nodes_{};
  std::map<std::string, std::size_t> by_path_{};
  std::vector<Join> joins_{};
  std::string table_{};
  std::set<std::string> open_{};  ///< annotations that are being written
  bool grouped_ = false;
  bool inside_aggregate_ = false;
  bool saw_null_ = false;
};

/// The text of a whole SELECT; `exists`: whatever it gives, one row is enough.
Sql select_text(Shared& shared, const Query& query, const ModelPtr& model, Level* outer,
                bool exists);
/// What a term of an order sorts by.
const Expression& unwrapped(const Expression& term);
/// `value` with the direction `term` asks for.
Sql order_term_sql(const Expression& term, const Sql& value);

}  // namespace turnstone::orm
