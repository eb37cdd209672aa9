#pragma once

#include <turnstone/db/connection.h>
#include <turnstone/db/dialect.h>
#include <turnstone/orm/database.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "orm/class_plan.h"
#include "orm/compiler.h"
#include "orm/paths.h"

namespace turnstone::orm {

/// One block of `atomic`.
struct Frame {
  std::string savepoint{};  ///< empty for the transaction itself
  std::vector<std::function<void()>> hooks{};
  bool broken = false;  ///< a statement failed: only the end of the block helps
};

/// One connection with the blocks that are open on it.
struct Line {
  std::unique_ptr<Connection> connection{};
  std::vector<Frame> frames{};
  std::size_t savepoints = 0;
  bool read_only = false;
  std::thread::id thread{};      ///< whose it is at the moment
  std::uint64_t statements = 0;  ///< since it was taken
};

class Engine;

/// A connection for as long as it lives: the thread's own inside of `atomic`, else one of the pool.
class Use {
 public:
  explicit Use(Engine& engine);
  ~Use();
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  Line& line() { return *line_; }
  Connection& connection() { return *line_->connection; }
  Engine& engine() { return engine_; }

  std::int64_t execute(const std::string& sql, const std::vector<Value>& parameters);
  std::int64_t execute(const Sentence& sentence) {
    return execute(sentence.sql, sentence.parameters);
  }
  std::int64_t execute_cells(const std::string& sql, const std::vector<Cell>& parameters);
  /// As `Connection::execute_all`.
  std::vector<std::int64_t> execute_all(const std::vector<BoundStatement>& statements);
  /// `types` as `Connection::read` wants them.
  std::unique_ptr<CellReader> read(const std::string& sql, const std::vector<Value>& parameters,
                                   bool streaming, std::span<const Field* const> types = {});
  std::unique_ptr<CellReader> read(const SelectSentence& sentence, bool streaming);
  /// Keys that the database will give to nobody else; none where it cannot tell.
  std::vector<std::int64_t> reserve_keys(const std::string& table, const std::string& column,
                                         std::size_t count);
  Rows query(const std::string& sql, const std::vector<Value>& parameters);
  /// False where the database has no way of its own for many rows.
  bool copy_rows(const std::string& table, const std::vector<std::string>& columns,
                 const std::vector<const Field*>& types,
                 const std::function<bool(std::span<Cell> row)>& next);
  /// A statement without parameters, of the ORM itself.
  void command(const std::string& sql);

 private:
  template <class Work>
  auto run(const std::string& sql, const std::vector<Value>& parameters, const Work& work);
  /// Tells `on_statement`, and does not count.
  template <class Work>
  auto timed(const std::string& sql, const std::vector<Value>& parameters, const Work& work);
  template <class Work>
  auto guarded(const Work& work);

  Engine& engine_;
  Line* line_ = nullptr;
  std::unique_ptr<Line> own_{};
};

/// Makes a line that of the thread, for as long as it lives.
class Pin {
 public:
  Pin(Engine& engine, Line& line);
  ~Pin();
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
};

/// What an Atomic holds.
struct Scope {
  std::unique_ptr<Line> line{};  ///< of the outermost block
  std::unique_ptr<Pin> pin{};
  Line* at = nullptr;
  std::size_t depth = 0;
  std::thread::id thread{};
};

/// What the copies of a Database share.
class Engine {
 public:
  Engine(std::shared_ptr<const ConnectionSource> source, std::shared_ptr<const Mapping> mapping,
         DatabaseOptions options);

  const Mapping& mapping() const { return *mapping_; }
  const Dialect& dialect() const { return source_->dialect(); }
  const Paths& paths() const { return paths_; }
  const ClassPlan& plan(const ClassMap& map) const { return *plans_[map.number]; }
  const DatabaseOptions& options() const { return options_; }
  /// The line of this thread, where it is in a block; else nullptr.
  Line* current();

  std::unique_ptr<Line> take();
  void give_back(std::unique_ptr<Line> line);
  std::pair<std::size_t, std::size_t> connections();
  /// Statements so far; those of other threads' open blocks not yet.
  std::uint64_t statements();

  /// How often that was called within the same second, this time included.
  int single_loads(const std::string& what);

  /// Throws `error` again, as the class of error it is and with model and field.
  [[noreturn]] void explain(const DatabaseError& error) const;

 private:
  std::shared_ptr<const ConnectionSource> source_;
  std::shared_ptr<const Mapping> mapping_;
  DatabaseOptions options_;
  Paths paths_;
  std::vector<std::unique_ptr<const ClassPlan>> plans_{};  ///< by the numbers of classes
  std::size_t limit_ = 0;
  std::mutex guard_{};
  std::condition_variable free_{};
  std::vector<std::unique_ptr<Line>> idle_{};
  std::size_t open_ = 0;
  std::uint64_t statements_ = 0;
  std::map<std::string, std::pair<std::chrono::steady_clock::time_point, int>> single_loads_{};
};

/// Keeps several statements together: inside of a transaction it is that one, else a new one until
/// `commit`.
class Together {
 public:
  explicit Together(Engine& engine);
  ~Together();
  Together(const Together&) = delete;
  Together& operator=(const Together&) = delete;
  void commit();

 private:
  Scope scope_{};
  Engine& engine_;
};

/// Begins and ends blocks; what Atomic and sessions are made of.
void begin_block(Use& use, const AtomicOptions& options);
/// Gives the hooks to run now.
std::vector<std::function<void()>> commit_block(Use& use);
void roll_back_block(Use& use) noexcept;

}  // namespace turnstone::orm
