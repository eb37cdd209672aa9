#include <turnstone/error.h>
#include <turnstone/orm/database.h>
#include <turnstone/orm/objects.h>

#include <random>

#include "orm/engine.h"
#include "orm/rows.h"

namespace turnstone {

Database::Database(std::shared_ptr<const ConnectionSource> source,
                   std::shared_ptr<const Mapping> mapping, const DatabaseOptions& options)
    : engine_(std::make_shared<orm::Engine>(std::move(source), std::move(mapping), options)) {}

Objects Database::objects(const std::string& model) const {
  return Objects(*this, key_of(*engine_->mapping().state().get(key_from(model))));
}

void Database::on_commit(std::function<void()> hook) const {
  orm::Line* line = engine_->current();
  if (!line || line->frames.empty()) {
    hook();
  } else {
    line->frames.back().hooks.push_back(std::move(hook));
  }
}

bool Database::in_atomic() const {
  const orm::Line* line = engine_->current();
  return line && !line->frames.empty();
}

const Mapping& Database::mapping() const { return engine_->mapping(); }
const Dialect& Database::dialect() const { return engine_->dialect(); }
std::pair<std::size_t, std::size_t> Database::connections() const { return engine_->connections(); }
std::uint64_t Database::statements() const { return engine_->statements(); }

std::int64_t Database::run(const std::string& sql, const std::vector<Value>& values) const {
  orm::Use use(*engine_);
  return use.execute(orm::raw_sql(sql, engine_->dialect()),
                     orm::bare_values(values, engine_->dialect()));
}

void Database::pause(int attempt) {
  // Those that ran into each other must not do so again.
  thread_local std::minstd_rand random(std::random_device{}());
  const int most = 5 << std::min(attempt, 7);
  std::this_thread::sleep_for(std::chrono::milliseconds(1 + static_cast<int>(random()) % most));
}

Atomic::Atomic(const Database& database, const AtomicOptions& options)
    : engine_(database.shared_engine()), scope_(std::make_unique<orm::Scope>()) {
  outermost_ = engine_->current() == nullptr;
  if (outermost_) {
    scope_->line = engine_->take();
    scope_->pin = std::make_unique<orm::Pin>(*engine_, *scope_->line);
  }
  scope_->thread = std::this_thread::get_id();
  scope_->at = engine_->current();
  try {
    orm::Use use(*engine_);
    orm::begin_block(use, options);
  } catch (...) {
    scope_->pin.reset();
    if (scope_->line) engine_->give_back(std::move(scope_->line));
    throw;
  }
  scope_->depth = scope_->at->frames.size();
}

namespace {

void check_order(const orm::Scope& scope) {
  if (scope.thread != std::this_thread::get_id()) {
    throw Error(ErrorKind::misuse, "an atomic block is ended by another thread than began it");
  }
  if (scope.at->frames.size() != scope.depth) {
    throw Error(ErrorKind::misuse, "an atomic block ends before the one inside of it");
  }
}

}  // namespace

void Atomic::commit() {
  if (!open_) throw Error(ErrorKind::misuse, "this atomic block has ended already");
  check_order(*scope_);
  open_ = false;
  std::vector<std::function<void()>> hooks;
  const auto leave = [&] {
    scope_->pin.reset();
    if (scope_->line) engine_->give_back(std::move(scope_->line));
  };
  try {
    orm::Use use(*engine_);
    hooks = orm::commit_block(use);
  } catch (...) {
    leave();
    throw;
  }
  leave();
  for (const auto& hook : hooks) hook();
}

void Atomic::rollback() {
  if (!open_) return;
  check_order(*scope_);
  open_ = false;
  {
    orm::Use use(*engine_);
    orm::roll_back_block(use);
  }
  scope_->pin.reset();
  if (scope_->line) engine_->give_back(std::move(scope_->line));
}

Atomic::~Atomic() {
  if (!open_) return;
  try {
    rollback();
  } catch (const Error&) {
    // Ended in the wrong order or by the wrong thread: the connection is not used again. The thread
    // that began it still refers to its line, which therefore stays.
    if (scope_->thread != std::this_thread::get_id()) {
      (void)scope_->pin.release();
      (void)scope_->line.release();
    }
  }
}

}  // namespace turnstone
