#pragma once

#include <turnstone/orm/session.h>

#include <atomic>
#include <map>
#include <span>
#include <thread>
#include <unordered_map>

#include "orm/engine.h"
#include "orm/loading.h"

namespace turnstone::orm {

/// What a session knows: its objects, what was read of them, and the open transaction.
class UnitOfWork {
 public:
  UnitOfWork(Engine& engine, const SessionOptions& options);
  ~UnitOfWork();
  UnitOfWork(const UnitOfWork&) = delete;
  UnitOfWork& operator=(const UnitOfWork&) = delete;

  void add(const ClassMap& map, const std::shared_ptr<void>& object);
  void remove(const ClassMap& map, const std::shared_ptr<void>& object);
  void flush();
  void commit();
  void rollback();
  /// Gives the number of savepoints that are open then.
  std::size_t begin_nested();
  void commit_nested(std::size_t depth);
  void rollback_nested(std::size_t depth);
  std::shared_ptr<void> get(const ClassMap& map, const Value& key);
  void refresh(const ClassMap& map, const std::shared_ptr<void>& object);
  void expire(const void* object);
  void expire_all();
  void expunge(const void* object);
  ObjectState state(const void* object) const;
  bool modified(const void* object) const;
  std::size_t size() const;
  Pointers fetch(const ClassMap& map, const Query& query);
  /// True in the thread that worked with it last.
  bool is_here() const { return last_.load() == std::this_thread::get_id(); }
  /// Loads the relation that lies there. False: no object of this session has it.
  bool load_lazily(const void* relation);
  std::int64_t count(const Query& query);

 private:
  /// A query whose rows may have relations loaded one by one.
  struct Origin {
    std::string where{};
    std::map<std::string, int> loads{};  ///< by relation
  };
  /// Of what happens in the transaction itself 1, in the savepoint within 2 …; 0: nothing did.
  using Depth = std::size_t;
  struct Entry {
    std::shared_ptr<void> object{};
    const ClassMap* map = nullptr;
    ObjectState state = ObjectState::transient;
    std::vector<std::size_t> hashes{};  ///< one for each slot, of what the database has
    Value key{};
    bool expired = false;
    Depth added = 0;
    Depth written = 0;
    Depth deleted = 0;
    bool condemned = false;  ///< to be deleted by the next flush
    std::size_t order = 0;
    std::shared_ptr<Origin> origin{};  ///< of lazy sessions
  };
  using Identity = std::pair<const ClassMap*, Value>;

  /// One thread at a time.
  class Alone;
  /// The session's own line is that of the thread while it works.
  class Working;
  void begin();
  void leave();
  void write_all();
  void end_blocks() noexcept;
  /// What was done from that depth on is undone in the objects; gives those to be read again.
  std::vector<Entry*> restore(Depth depth);
  Depth depth() const { return nested_ + 1; }
  Pointers read(const ClassMap& map, const Query& query, const std::shared_ptr<Origin>& origin);
  std::shared_ptr<void> object_of(const ClassMap& map, std::span<const Cell> cells, const Cell& key,
                                  const std::shared_ptr<Origin>& origin);
  Loader loader(const std::shared_ptr<Origin>& origin);
  void load_relation(Entry& entry, const ClassMap::Slot& slot);
  void note_single(Entry& entry, const std::string& what);
  void release_circles();
  bool may_have_circles() const;
  Entry* known(const void* object);
  const Entry* known(const void* object) const;
  void take_in(const ClassMap& map, const std::shared_ptr<void>& object, ObjectState state);
  void remember(Entry& entry);
  std::vector<std::size_t> changed(const Entry& entry) const;
  void add_referred();
  void insert_new();
  void update_changed();
  void delete_condemned();
  void reload(const std::vector<Entry*>& entries);

  Engine& engine_;
  SessionOptions options_;
  std::unordered_map<const void*, Entry> entries_{};
  std::map<Identity, Entry*> by_key_{};
  std::unordered_map<const void*, std::weak_ptr<void>> detached_{};
  std::unique_ptr<Line> line_{};
  Line* at_ = nullptr;      ///< of the open transaction
  std::size_t base_ = 0;    ///< blocks that are open on it, the session's own transaction included
  std::size_t nested_ = 0;  ///< savepoints
  bool failed_ = false;
  std::size_t counter_ = 0;
  std::map<const ClassMap*, std::shared_ptr<void>> scratch_{};  ///< where keys are made
  mutable std::atomic<std::thread::id> busy_{};                 ///< the thread that works with it
  mutable std::atomic<std::thread::id> last_{};                 ///< the one that did last
};

}  // namespace turnstone::orm
