#include "sqlite/table_text.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/spelling.h>

#include <algorithm>
#include <cctype>

namespace turnstone::sqlite {
namespace {

struct Token {
  enum class Kind { word, quoted, string, other, end };
  Kind kind = Kind::end;
  std::string text{};  ///< words in lower case, quoted names without quotes
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Source: SQLite, "SQL Syntax", and its tokenizer: four ways to quote a name, two comments.
class Tokenizer {
 public:
  explicit Tokenizer(std::string_view sql) : sql_(sql) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    while (more()) tokens.push_back(next());
    tokens.push_back(Token{.begin = sql_.size(), .end = sql_.size()});
    return tokens;
  }

 private:
  bool more() {
    at_ = skip_blanks(sql_, at_);
    return at_ < sql_.size();
  }

  Token next() {
    Token token{.begin = at_};
    const char c = sql_[at_];
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
      token.kind = c == '\'' ? Token::Kind::string : Token::Kind::quoted;
      const char close = c == '[' ? ']' : c;
      for (++at_; at_ < sql_.size(); ++at_) {
        if (sql_[at_] == close) {
          const bool doubled = c != '[' && at_ + 1 < sql_.size() && sql_[at_ + 1] == close;
          if (!doubled) break;
          ++at_;
        }
        token.text += sql_[at_];
      }
      at_ = std::min(at_ + 1, sql_.size());
    } else if (is_word_character(c)) {
      token.kind = Token::Kind::word;
      while (at_ < sql_.size() && is_word_character(sql_[at_])) token.text += sql_[at_++];
    } else {
      token.kind = Token::Kind::other;
      token.text = sql_[at_++];
    }
    token.end = at_;
    return token;
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view sql) : sql_(sql), tokens_(Tokenizer(sql).run()) {}

  Table table() {
    expect("create");
    take("temp") || take("temporary");
    expect("table");
    if (take("if")) expect("not"), expect("exists");
    Table table{.name = qualified_name()};
    expect("(");
    bool columns = true;
    while (!is(")")) {
      if (columns && starts_constraint()) columns = false;
      if (columns) {
        column(table);
      } else {
        constraint(table);
      }
      take(",");
    }
    expect(")");
    do {
      if (take("strict")) table.strict = true;
      if (take("without")) expect("rowid"), table.without_rowid = true;
    } while (take(","));
    for (Column& item : table.columns) settle_null(table, item);
    return table;
  }

  TableIndex index() {
    expect("create");
    TableIndex index{.unique = take("unique")};
    expect("index");
    if (take("if")) expect("not"), expect("exists");
    index.name = qualified_name();
    expect("on");
    name();
    expect("(");
    do {
      index.parts.push_back(part());
    } while (take(","));
    expect(")");
    if (take("where")) index.condition = text(peek().begin, last_end());
    return index;
  }

  std::vector<std::string> trigger() {
    std::vector<std::string> columns;
    while (peek().kind != Token::Kind::end && !is("on") && !is("begin")) {
      if (take("update") && take("of")) {
        do {
          columns.push_back(name());
        } while (take(","));
        return columns;
      }
      ++at_;
    }
    return columns;
  }

 private:
  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool is(std::string_view word, std::size_t ahead = 0) const {
    const Token& token = peek(ahead);
    return (token.kind == Token::Kind::word && lower_case(token.text) == word) ||
           (token.kind == Token::Kind::other && token.text == word);
  }
  bool take(std::string_view word) {
    if (!is(word)) return false;
    ++at_;
    return true;
  }
  [[noreturn]] void fail() const {
    throw Error(ErrorKind::database,
                "cannot read a statement of the database: " + std::string(sql_.substr(0, 200)));
  }
  void expect(std::string_view word) {
    if (!take(word)) fail();
  }
  std::string name() {
    const Token& token = peek();
    if (token.kind == Token::Kind::end || token.kind == Token::Kind::other) fail();
    ++at_;
    return token.text;
  }
  std::string qualified_name() {
    std::string result = name();
    while (take(".")) result = name();
    return result;
  }
  std::string text(std::size_t begin, std::size_t end) const {
    return std::string(sql_.substr(begin, end - begin));
  }
  /// Where the text ends, without what follows the last token.
  std::size_t last_end() const { return tokens_.size() < 2 ? 0 : tokens_[tokens_.size() - 2].end; }

  /// Skips what stands in parentheses; gives the text between them.
  std::string enclosed() {
    const std::size_t open = at_;
    if (!is("(")) fail();
    int depth = 0;
    do {
      if (peek().kind == Token::Kind::end) fail();
      if (is("(")) ++depth;
      if (is(")")) --depth;
      ++at_;
    } while (depth > 0);
    return text(tokens_[open].end, tokens_[at_ - 1].begin);
  }

  std::vector<std::string> names() {
    std::vector<std::string> result;
    expect("(");
    do {
      result.push_back(name());
      if (take("collate")) name();
      take("asc") || take("desc");
    } while (take(","));
    expect(")");
    return result;
  }

  bool starts_constraint() const {
    return is("constraint") || (is("primary") && is("key", 1)) || is("unique") || is("check") ||
           (is("foreign") && is("key", 1));
  }
  bool starts_column_constraint() const {
    return starts_constraint() || is("not") || is("null") || is("default") || is("collate") ||
           is("references") || is("generated") || is("as") || is(",") || is(")") ||
           peek().kind == Token::Kind::end;
  }
  void conflict() {
    if (take("on")) expect("conflict"), name();
  }

  std::string type() {
    std::string result;
    while (!starts_column_constraint()) {
      if (!result.empty()) result += ' ';
      const std::size_t begin = peek().begin;
      ++at_;
      result += text(begin, tokens_[at_ - 1].end);
      if (is("(")) {
        std::string size;
        for (const char c : enclosed()) {
          if (!std::isspace(static_cast<unsigned char>(c))) size += c;
        }
        result += "(" + size + ")";
      }
    }
    return result;
  }

  void column(Table& table) {
    Column column{.name = name(), .nullable = true};
    column.type = type();
    std::string label;
    while (!is(",") && !is(")")) {
      if (take("constraint")) {
        label = name();
        continue;
      }
      if (take("primary")) {
        expect("key");
        const bool descending = take("desc");
        if (!descending) take("asc");
        conflict();
        if (take("autoincrement")) column.identity = Column::Identity::by_default;
        table.primary_key = Key{.name = label, .columns = {column.name}};
      } else if (take("not")) {
        if (take("deferrable")) {
          timing(table);
        } else {
          expect("null");
          conflict();
          column.nullable = false;
        }
      } else if (take("null")) {
        conflict();
      } else if (take("unique")) {
        conflict();
        table.uniques.push_back(Key{.name = label, .columns = {column.name}});
      } else if (take("check")) {
        table.checks.push_back(
            Check{.name = label, .condition = enclosed(), .column = column.name});
      } else if (take("default")) {
        column.default_sql = default_value();
      } else if (take("collate")) {
        column.collation = name();
      } else if (is("references")) {
        table.foreign_keys.push_back(references({column.name}, label));
      } else if (take("generated")) {
        expect("always");
      } else if (take("as")) {
        column.generated = enclosed();
        column.generated_stored = take("stored");
        take("virtual");
      } else if (take("deferrable")) {
        deferrable(table.foreign_keys);
      } else {
        fail();
      }
      label.clear();
    }
    table.columns.push_back(std::move(column));
  }
  /// NOT DEFERRABLE behind a key: the usual case written out.
  void timing(Table& table) {
    deferrable(table.foreign_keys);
    if (!table.foreign_keys.empty()) {
      table.foreign_keys.back().timing = Key::Timing::immediate_always;
    }
  }
  void deferrable(std::vector<ForeignKeyConstraint>& keys) {
    Key::Timing timing = Key::Timing::initially_immediate;
    if (take("initially")) {
      if (take("deferred")) {
        timing = Key::Timing::initially_deferred;
      } else {
        expect("immediate");
      }
    }
    if (!keys.empty()) keys.back().timing = timing;
  }

  Sql default_value() {
    const std::size_t begin = peek().begin;
    if (is("(")) {
      enclosed();
    } else {
      while (is("+") || is("-")) ++at_;
      const bool blob = lower_case(peek().text) == "x" && peek(1).kind == Token::Kind::string &&
                        peek(1).begin == peek().end;
      ++at_;
      if (blob) ++at_;
      // 1.5e-3 comes in pieces that touch each other.
      while (peek().begin == tokens_[at_ - 1].end && !is(",") && !is(")") && !is("(")) ++at_;
    }
    return text(begin, tokens_[at_ - 1].end);
  }

  ForeignKeyConstraint references(std::vector<std::string> columns, const std::string& label) {
    expect("references");
    ForeignKeyConstraint key{.name = label,
                             .columns = std::move(columns),
                             .target_table = name(),
                             .timing = Key::Timing::immediate_always};
    if (is("(")) key.target_columns = names();
    while (true) {
      if (take("on")) {
        std::string& rule = is("delete") ? key.on_delete : key.on_update;
        ++at_;
        rule = action();
      } else if (take("match")) {
        name();
      } else {
        return key;
      }
    }
  }
  std::string action() {
    if (take("cascade")) return "CASCADE";
    if (take("restrict")) return "RESTRICT";
    if (take("no")) {
      expect("action");
      return {};
    }
    expect("set");
    if (take("null")) return "SET NULL";
    expect("default");
    return "SET DEFAULT";
  }

  void constraint(Table& table) {
    std::string label;
    while (take("constraint")) label = name();
    if (take("primary")) {
      expect("key");
      table.primary_key = Key{.name = label, .columns = names()};
      conflict();
    } else if (take("unique")) {
      table.uniques.push_back(Key{.name = label, .columns = names()});
      conflict();
    } else if (take("check")) {
      table.checks.push_back(Check{.name = label, .condition = enclosed()});
      conflict();
    } else if (take("foreign")) {
      expect("key");
      std::vector<std::string> columns = names();
      table.foreign_keys.push_back(references(std::move(columns), label));
      const bool never = take("not");
      if (take("deferrable")) {
        deferrable(table.foreign_keys);
        if (never) table.foreign_keys.back().timing = Key::Timing::immediate_always;
      }
    } else {
      fail();
    }
  }

  static void settle_null(const Table& table, Column& column) {
    if (!table.primary_key || table.primary_key->columns.empty()) return;
    const std::vector<std::string>& key = table.primary_key->columns;
    const bool in_key = std::any_of(key.begin(), key.end(), [&](const std::string& name) {
      return lower_case(name) == lower_case(column.name);
    });
    const bool rowid = key.size() == 1 && lower_case(column.type) == "integer";
    if (in_key && (rowid || table.without_rowid)) column.nullable = false;
  }

  IndexPart part() {
    const std::size_t first = at_;
    int depth = 0;
    while (depth > 0 || (!is(",") && !is(")"))) {
      if (peek().kind == Token::Kind::end) fail();
      if (is("(")) ++depth;
      if (is(")")) --depth;
      ++at_;
    }
    const std::size_t behind = at_;
    std::size_t last = behind;  // one behind the expression
    IndexPart result;
    const auto word = [&](std::size_t at, std::string_view text) {
      return tokens_[at].kind == Token::Kind::word && lower_case(tokens_[at].text) == text;
    };
    if (last > first + 1 && (word(last - 1, "desc") || word(last - 1, "asc"))) {
      result.descending = word(last - 1, "desc");
      --last;
    }
    if (last > first + 2 && word(last - 2, "collate")) {
      result.collation = tokens_[last - 1].text;
      last -= 2;
    }
    if (last == first + 1) {
      result.column = tokens_[first].text;
      return result;
    }
    at_ = first;
    if (is("(")) {
      const std::string inside = enclosed();
      if (at_ == last) result.expression = inside;
    }
    at_ = behind;
    if (result.expression.empty()) {
      result.expression = text(tokens_[first].begin, tokens_[last - 1].end);
    }
    return result;
  }

  std::string_view sql_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

Table parse_table(std::string_view sql) { return Parser(sql).table(); }

TableIndex parse_index(std::string_view sql) { return Parser(sql).index(); }

std::vector<std::string> trigger_columns(std::string_view sql) { return Parser(sql).trigger(); }

}  // namespace turnstone::sqlite
