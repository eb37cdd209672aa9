#pragma once

#include <turnstone/orm/session.h>

#include <map>
#include <unordered_map>

#include "orm/engine.h"

namespace turnstone::orm {

/// What a session knows: its objects, what was read of them, and the open transaction.
class UnitOfWork {
 public:
  UnitOfWork(Engine& engine, const SessionOptions& options) : engine_(engine), options_(options) {}
  ~UnitOfWork();
  UnitOfWork(const UnitOfWork&) = delete;
  UnitOfWork& operator=(const UnitOfWork&) = delete;

  void add(const ClassMap& map, const std::shared_ptr<void>& object);
  void remove(const ClassMap& map, const std::shared_ptr<void>& object);
  void flush();
  void commit();
  void rollback();
  std::shared_ptr<void> get(const ClassMap& map, const Value& key);
  void refresh(const ClassMap& map, const std::shared_ptr<void>& object);
  void expire(const void* object);
  void expire_all();
  void expunge(const void* object);
  ObjectState state(const void* object) const;
  bool modified(const void* object) const;
  std::size_t size() const { return entries_.size(); }
  std::vector<std::shared_ptr<void>> fetch(const ClassMap& map, const Query& query);
  std::int64_t count(const Query& query);

 private:
  struct Entry {
    std::shared_ptr<void> object{};
    const ClassMap* map = nullptr;
    ObjectState state = ObjectState::transient;
    std::vector<std::size_t> hashes{};  ///< one for each slot, of what the database has
    Value key{};
    bool expired = false;
    bool added = false;      ///< in this transaction
    bool written = false;    ///< changed in this transaction
    bool condemned = false;  ///< to be deleted by the next flush
    std::size_t order = 0;
  };
  using Identity = std::pair<const ClassMap*, Value>;

  /// The session's own line is that of the thread while it works.
  class Working;
  void begin();
  void leave();
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
  bool may_have_circles() const;
  void release_circles();

  Engine& engine_;
  SessionOptions options_;
  std::unordered_map<const void*, Entry> entries_{};
  std::map<Identity, Entry*> by_key_{};
  std::unordered_map<const void*, std::weak_ptr<void>> detached_{};
  std::unique_ptr<Line> line_{};
  Line* at_ = nullptr;  ///< of the open transaction
  bool failed_ = false;
  std::size_t counter_ = 0;
};

}  // namespace turnstone::orm
