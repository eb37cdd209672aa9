#include "orm/unit_of_work.h"

#include <turnstone/error.h>
#include <turnstone/orm/bulk.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>

#include "orm/rows.h"
#include "orm/writing.h"

namespace turnstone::orm {
namespace {

using Slot = ClassMap::Slot;

std::size_t hash_of(const Cell& cell) {
  const std::hash<std::string_view> text;
  switch (cell.kind) {
    case Cell::Kind::null:
      return 0x9e3779b9;
    case Cell::Kind::real:
      return std::hash<double>()(cell.real) + 1;
    case Cell::Kind::decimal:
      return text(Decimal(cell.coefficient, cell.scale).text());
    case Cell::Kind::text:
    case Cell::Kind::bytes:
    case Cell::Kind::uuid:
    case Cell::Kind::json:
      return text(cell.bytes);
    default:
      return std::hash<std::int64_t>()(cell.integer) * 31 + 7;
  }
}

std::vector<std::size_t> hashes_of(const ClassMap& map, const void* object) {
  std::vector<std::size_t> hashes(map.slots.size());
  Cell cell;
  std::string made;
  for (std::size_t i = 0; i < map.slots.size(); ++i) {
    const Slot& slot = map.slots[i];
    if (!slot.member) continue;
    slot.member->view(slot.in(object), cell, made);
    hashes[i] = hash_of(cell);
  }
  return hashes;
}

}  // namespace

/// Sessions that load lazily.
class LazySessions {
 public:
  void add(UnitOfWork* work) {
    const std::lock_guard lock(guard_);
    all_.push_back(work);
  }
  void remove(UnitOfWork* work) {
    const std::lock_guard lock(guard_);
    std::erase(all_, work);
  }
  /// Those of this thread: no other one destroys them meanwhile.
  std::vector<UnitOfWork*> here() {
    const std::lock_guard lock(guard_);
    std::vector<UnitOfWork*> own;
    for (UnitOfWork* work : all_) {
      if (work->is_here()) own.push_back(work);
    }
    return own;
  }

 private:
  std::mutex guard_{};
  std::vector<UnitOfWork*> all_{};
};

LazySessions& lazy_sessions() {
  static LazySessions sessions;
  return sessions;
}

class UnitOfWork::Alone {
 public:
  explicit Alone(const UnitOfWork& work) : work_(work) {
    const std::thread::id here = std::this_thread::get_id();
    std::thread::id other{};
    first_ = work.busy_.compare_exchange_strong(other, here);
    if (!first_ && other != here) {
      throw Error(ErrorKind::misuse, "a session is used by two threads at the same time", {},
                  "give each thread a session of its own");
    }
    if (first_) work.last_ = here;
  }
  ~Alone() {
    if (first_) work_.busy_ = std::thread::id{};
  }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  const UnitOfWork& work_;
  bool first_ = false;
};

class UnitOfWork::Working {
 public:
  explicit Working(UnitOfWork& work) : alone_(work) {
    if (work.failed_) {
      throw Error(ErrorKind::misuse, "a flush of this session failed: nothing else can run in it",
                  {}, "call rollback() first");
    }
    work.begin();
    if (work.line_) work.line_->thread = std::this_thread::get_id();
    if (work.engine_.current() != work.at_) {
      pin_ = std::make_unique<Pin>(work.engine_, *work.at_);
    }
  }

 private:
  Alone alone_;
  std::unique_ptr<Pin> pin_{};
};

UnitOfWork::UnitOfWork(Engine& engine, const SessionOptions& options)
    : engine_(engine), options_(options), last_(std::this_thread::get_id()) {
  if (options_.lazy) lazy_sessions().add(this);
}

UnitOfWork::~UnitOfWork() {
  if (options_.lazy) lazy_sessions().remove(this);
  end_blocks();
  release_circles();
}

/// Rolls back whatever is open.
void UnitOfWork::end_blocks() noexcept {
  if (!at_) return;
  if (line_) line_->thread = std::this_thread::get_id();
  {
    const Pin pin(engine_, *at_);
    Use use(engine_);
    for (std::size_t i = 0; i <= nested_; ++i) roll_back_block(use);
  }
  nested_ = 0;
  leave();
}

void UnitOfWork::begin() {
  if (at_) return;
  // Inside of atomic, the session's work is part of that.
  at_ = engine_.current();
  if (!at_) {
    line_ = engine_.take();
    at_ = line_.get();
  }
  try {
    const Pin pin(engine_, *at_);
    Use use(engine_);
    begin_block(use, {});
    base_ = at_->frames.size();
  } catch (...) {
    leave();
    throw;
  }
}

void UnitOfWork::leave() {
  at_ = nullptr;
  if (line_) engine_.give_back(std::move(line_));
}

UnitOfWork::Entry* UnitOfWork::known(const void* object) {
  const auto at = entries_.find(object);
  return at == entries_.end() ? nullptr : &at->second;
}
const UnitOfWork::Entry* UnitOfWork::known(const void* object) const {
  const auto at = entries_.find(object);
  return at == entries_.end() ? nullptr : &at->second;
}

void UnitOfWork::take_in(const ClassMap& map, const std::shared_ptr<void>& object,
                         ObjectState state) {
  Entry& entry = entries_[object.get()];
  entry.object = object;
  entry.map = &map;
  entry.state = state;
  entry.order = ++counter_;
  detached_.erase(object.get());
}

/// The object is now as the database has it.
void UnitOfWork::remember(Entry& entry) {
  entry.state = ObjectState::persistent;
  entry.hashes = hashes_of(*entry.map, entry.object.get());
  entry.key = key_value(*entry.map, entry.object.get());
  entry.expired = false;
  by_key_[{entry.map, entry.key}] = &entry;
}

std::vector<std::size_t> UnitOfWork::changed(const Entry& entry) const {
  std::vector<std::size_t> slots;
  const std::vector<std::size_t> now = hashes_of(*entry.map, entry.object.get());
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] != entry.hashes[i]) slots.push_back(i);
  }
  return slots;
}

void UnitOfWork::add(const ClassMap& map, const std::shared_ptr<void>& object) {
  const Alone alone(*this);
  if (!object) throw Error(ErrorKind::misuse, "no object was given to add");
  if (Entry* entry = known(object.get())) {
    entry->condemned = false;
    return;
  }
  take_in(map, object, ObjectState::pending);
}

void UnitOfWork::remove(const ClassMap& map, const std::shared_ptr<void>& object) {
  const Alone alone(*this);
  Entry* entry = known(object.get());
  if (!entry) {
    if (!has_key(map, object.get())) {
      throw Error(ErrorKind::misuse, "the " + map.name() + " to remove was never saved");
    }
    take_in(map, object, ObjectState::persistent);
    entry = known(object.get());
    remember(*entry);
  }
  if (entry->state == ObjectState::pending) {
    entries_.erase(object.get());
  } else {
    entry->condemned = true;
  }
}

void UnitOfWork::add_referred() {
  // New rows that new rows refer to are new rows of the session, and so on.
  bool more = true;
  while (more) {
    more = false;
    std::vector<std::pair<const ClassMap*, std::shared_ptr<void>>> found;
    for (auto& [object, entry] : entries_) {
      for (const Slot& slot : entry.map->slots) {
        if (!slot.member || !slot.member->row) continue;
        const std::shared_ptr<void> row = slot.member->row(slot.in(object));
        if (!row || known(row.get())) continue;
        const ClassMap& target = engine_.mapping().of_class(slot.member->target);
        if (!has_key(target, row.get())) found.emplace_back(&target, row);
      }
    }
    for (const auto& [map, row] : found) {
      if (known(row.get())) continue;
      take_in(*map, row, ObjectState::pending);
      more = true;
    }
  }
}

void UnitOfWork::insert_new() {
  std::vector<Entry*> pending;
  for (auto& [object, entry] : entries_) {
    if (entry.state == ObjectState::pending) pending.push_back(&entry);
  }
  if (pending.empty()) return;
  std::sort(pending.begin(), pending.end(),
            [](const Entry* a, const Entry* b) { return a->order < b->order; });
  // The rank of a row is above that of every new row it refers to. A circle is cut at a key that
  // may be NULL; that key is written behind.
  std::unordered_map<const void*, int> ranks;
  std::set<const void*> open;
  struct Later {
    Entry* entry;
    const Slot* slot;
    std::shared_ptr<void> row;
  };
  std::vector<Later> later;
  const std::function<int(Entry&)> rank = [&](Entry& entry) -> int {
    const void* object = entry.object.get();
    if (const auto done = ranks.find(object); done != ranks.end()) return done->second;
    open.insert(object);
    int highest = 0;
    for (const Slot& slot : entry.map->slots) {
      if (!slot.member || !slot.member->row) continue;
      const std::shared_ptr<void> row = slot.member->row(slot.in(object));
      Entry* target = row ? known(row.get()) : nullptr;
      if (!target || target->state != ObjectState::pending) continue;
      if (open.contains(row.get())) {
        if (!slot.field->null) {
          throw Error(ErrorKind::misuse,
                      "new rows refer to each other in a circle of keys that cannot be NULL",
                      entry.map->name() + "." + slot.field->name);
        }
        later.push_back({&entry, &slot, row});
        continue;
      }
      highest = std::max(highest, rank(*target) + 1);
    }
    open.erase(object);
    return ranks[object] = highest;
  };
  std::map<int, std::vector<std::pair<const ClassMap*, std::vector<void*>>>> levels;
  for (Entry* entry : pending) {
    auto& level = levels[rank(*entry)];
    const auto group = std::find_if(level.begin(), level.end(),
                                    [&](const auto& one) { return one.first == entry->map; });
    if (group == level.end()) {
      level.push_back({entry->map, {entry->object.get()}});
    } else {
      group->second.push_back(entry->object.get());
    }
  }
  for (const Later& cut : later) {
    set_member(*cut.slot, cut.entry->object.get(), std::monostate{});
  }
  const auto mend = [&] {
    for (const Later& cut : later) {
      const ClassMap& target = engine_.mapping().of_class(cut.slot->member->target);
      void* object = cut.entry->object.get();
      set_member(*cut.slot, object, key_value(target, cut.row.get()));
      cut.slot->member->attach(cut.slot->in(object), cut.row);
    }
  };
  try {
    for (const auto& [level, groups] : levels) {
      for (const auto& [map, objects] : groups) detail::bulk_create(engine_, *map, objects, {});
    }
  } catch (...) {
    mend();
    throw;
  }
  for (Entry* entry : pending) {
    remember(*entry);
    entry->added = depth();
  }
  mend();  // seen as a change by what follows
}

void UnitOfWork::update_changed() {
  std::map<std::pair<const ClassMap*, std::vector<std::size_t>>, std::vector<Entry*>> groups;
  for (auto& [object, entry] : entries_) {
    if (entry.state != ObjectState::persistent || entry.condemned) continue;
    take_keys(engine_, *entry.map, entry.object.get());
    const std::vector<std::size_t> slots = changed(entry);
    if (slots.empty()) continue;
    if (std::find(slots.begin(), slots.end(), entry.map->key) != slots.end()) {
      throw Error(ErrorKind::misuse, "the primary key of a " + entry.map->name() + " was changed",
                  {}, "add a new object, and remove this one");
    }
    groups[{entry.map, slots}].push_back(&entry);
  }
  const auto done = [&](const ClassMap& map, const std::vector<Entry*>& entries,
                        std::int64_t found) {
    if (found < static_cast<std::int64_t>(entries.size())) {
      throw Error(ErrorKind::rows,
                  "a row of " + map.name() + " that was changed is not there any more");
    }
    for (Entry* entry : entries) {
      remember(*entry);
      entry->written = depth();
    }
  };
  std::vector<Entry*> single;  // rows that have a statement of their own, sent together
  std::vector<BoundStatement> statements;
  for (auto& [what, entries] : groups) {
    const ClassMap& map = *what.first;
    std::vector<std::size_t> slots;
    const std::vector<std::size_t>& writable = engine_.plan(map).updated();
    for (const std::size_t i : what.second) {
      if (std::find(writable.begin(), writable.end(), i) != writable.end()) slots.push_back(i);
    }
    if (slots.empty()) continue;
    if (entries.size() == 1) {
      void* object = entries.front()->object.get();
      prepare(engine_, map, object, false);
      for (const std::size_t i : writable) {
        const bool listed = std::find(slots.begin(), slots.end(), i) != slots.end();
        if (map.slots[i].field->auto_now && !listed) slots.push_back(i);
      }
      if (auto statement = update_statement(engine_, map, object, slots)) {
        single.push_back(entries.front());
        statements.push_back(std::move(*statement));
      } else {
        done(map, entries, update_row(engine_, map, object, slots));
      }
    } else {
      std::sort(entries.begin(), entries.end(),
                [](const Entry* a, const Entry* b) { return a->order < b->order; });
      std::vector<void*> objects;
      for (Entry* entry : entries) objects.push_back(entry->object.get());
      std::vector<std::string> names;
      for (const std::size_t i : slots) names.push_back(map.slots[i].field->name);
      done(map, entries, detail::bulk_update(engine_, map, objects, names, 0));
    }
  }
  if (statements.empty()) return;
  Use use(engine_);
  const std::vector<std::int64_t> found = use.execute_all(statements);
  for (std::size_t i = 0; i < single.size(); ++i) done(*single[i]->map, {single[i]}, found[i]);
}

void UnitOfWork::delete_condemned() {
  std::map<const ClassMap*, std::vector<Entry*>> groups;
  for (auto& [object, entry] : entries_) {
    if (entry.condemned && entry.state == ObjectState::persistent) {
      groups[entry.map].push_back(&entry);
    }
  }
  if (groups.empty()) return;
  Use use(engine_);
  Remover remover(engine_.paths(), runner_for(use));
  for (const auto& [map, entries] : groups) {
    Remover::Keys keys;
    for (const Entry* entry : entries) {
      keys.push_back({engine_.dialect().to_database(entry->key, *map->key_slot().type)});
    }
    remover.remove(concrete(engine_.mapping().state(), map->model), keys);
  }
  remover.finish();
  for (const auto& [map, entries] : groups) {
    for (Entry* entry : entries) {
      entry->state = ObjectState::deleted;
      entry->deleted = depth();
      by_key_.erase({map, entry->key});
    }
  }
  // What on_delete did to other rows is read again.
  for (auto& [object, entry] : entries_) {
    if (entry.state == ObjectState::persistent) entry.expired = true;
  }
}

void UnitOfWork::flush() {
  const Alone alone(*this);
  write_all();
}

void UnitOfWork::write_all() {
  add_referred();
  const Working working(*this);
  try {
    insert_new();
    update_changed();
    delete_condemned();
  } catch (...) {
    failed_ = true;
    throw;
  }
}

void UnitOfWork::commit() {
  const Alone alone(*this);
  if (nested_ > 0) {
    throw Error(ErrorKind::misuse, "a savepoint of this session is open", {},
                "commit or roll back what begin_nested() gave first");
  }
  write_all();
  if (at_->frames.size() != base_) {
    throw Error(ErrorKind::misuse, "a session ends inside of another atomic block than it began");
  }
  std::vector<std::function<void()>> hooks;
  try {
    const Pin pin(engine_, *at_);
    Use use(engine_);
    hooks = commit_block(use);
  } catch (...) {
    leave();
    failed_ = true;
    throw;
  }
  leave();
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = at->second;
    if (entry.state == ObjectState::deleted) {
      detached_[at->first] = entry.object;
      at = entries_.erase(at);
      continue;
    }
    entry.added = entry.written = 0;
    entry.expired = options_.expire_on_commit;
    ++at;
  }
  for (const auto& hook : hooks) hook();
}

std::vector<UnitOfWork::Entry*> UnitOfWork::restore(Depth depth) {
  std::vector<Entry*> stale;
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = at->second;
    const bool added = entry.added >= depth;
    if (added || entry.state == ObjectState::pending) {
      // Its key was never given.
      if (added && entry.state != ObjectState::deleted) by_key_.erase({entry.map, entry.key});
      const Slot& slot = entry.map->key_slot();
      if (slot.member && is_auto(slot.field->type)) {
        set_member(slot, entry.object.get(), std::int64_t{0});
      }
      at = entries_.erase(at);
      continue;
    }
    if (entry.state == ObjectState::deleted && entry.deleted >= depth) {
      entry.state = ObjectState::persistent;
      entry.deleted = 0;
      by_key_[{entry.map, entry.key}] = &entry;
    }
    ++at;
    if (entry.state == ObjectState::deleted) continue;
    entry.condemned = false;
    if (entry.written >= depth || !changed(entry).empty()) stale.push_back(&entry);
    entry.written = std::min(entry.written, depth - 1);
    entry.expired = true;
  }
  return stale;
}

void UnitOfWork::rollback() {
  const Alone alone(*this);
  end_blocks();
  failed_ = false;
  const std::vector<Entry*> stale = restore(1);
  if (!stale.empty()) reload(stale);
}

std::size_t UnitOfWork::begin_nested() {
  const Alone alone(*this);
  write_all();
  const Working working(*this);
  Use use(engine_);
  begin_block(use, {});
  return ++nested_;
}

namespace {

void check_nested(std::size_t wanted, std::size_t open) {
  if (wanted == open) return;
  throw Error(ErrorKind::misuse,
              wanted < open ? "a savepoint of a session ends before the one inside of it"
                            : "the session that this savepoint was of has ended its transaction");
}

}  // namespace

void UnitOfWork::commit_nested(std::size_t wanted) {
  const Alone alone(*this);
  check_nested(wanted, nested_);
  write_all();
  const Working working(*this);
  try {
    Use use(engine_);
    commit_block(use);
  } catch (...) {
    // It was rolled back instead.
    const Depth undone = depth();
    --nested_;
    const std::vector<Entry*> stale = restore(undone);
    try {
      reload(stale);
    } catch (const std::exception&) {
      // They are read again when a query meets them; what failed first is told.
    }
    throw;
  }
  --nested_;
  for (auto& [object, entry] : entries_) {
    for (Depth* at : {&entry.added, &entry.written, &entry.deleted}) *at = std::min(*at, depth());
  }
}

void UnitOfWork::rollback_nested(std::size_t wanted) {
  const Alone alone(*this);
  check_nested(wanted, nested_);
  failed_ = false;
  const Working working(*this);
  {
    Use use(engine_);
    roll_back_block(use);
  }
  const Depth undone = depth();
  --nested_;
  const std::vector<Entry*> stale = restore(undone);
  if (!stale.empty()) reload(stale);
}

/// The values that the database has now.
void UnitOfWork::reload(const std::vector<Entry*>& entries) {
  std::map<const ClassMap*, std::vector<Entry*>> groups;
  for (Entry* entry : entries) groups[entry->map].push_back(entry);
  for (const auto& [map, group] : groups) {
    for (Entry* entry : group) {
      if (detail::find(engine_, *map, entry->key, entry->object.get())) {
        remember(*entry);
      }
    }
  }
}

Pointers UnitOfWork::fetch(const ClassMap& map, const Query& query) {
  const Alone alone(*this);
  if (!query.columns.empty()) {
    throw Error(ErrorKind::misuse, "a session gives whole rows of one model");
  }
  if (query.nothing) return {};
  if (options_.autoflush) write_all();
  const Working working(*this);
  std::shared_ptr<Origin> origin;
  if (options_.lazy && query.file) {
    origin = std::make_shared<Origin>();
    origin->where = std::string(query.file) + ":" + std::to_string(query.line);
  }
  Pointers rows = read(map, query, origin);
  if (!query.prefetch.empty()) {
    std::vector<void*> objects;
    for (const auto& row : rows) objects.push_back(row.get());
    loader(origin).prefetch(map, objects, query.prefetch);
  }
  return rows;
}

/// Rows as the objects that the session has of them.
Pointers UnitOfWork::read(const ClassMap& map, const Query& query,
                          const std::shared_ptr<Origin>& origin) {
  const SelectSentence sentence = compile_select(engine_.paths(), query);
  Joined joined(engine_, sentence, map,
                [&](const ClassMap& of, std::span<const Cell> cells, const Cell& key) {
                  return object_of(of, cells, key, origin);
                });
  Pointers rows;
  Use use(engine_);
  const auto reader = use.read(sentence, false);
  const std::size_t key = sentence.rows.at(0).key;
  while (reader->next()) {
    const std::span<const Cell> cells = reader->row();
    rows.push_back(object_of(map, cells, cells[key], origin));
    if (joined.any()) joined.attach(rows.back().get(), cells);
  }
  return rows;
}

std::shared_ptr<void> UnitOfWork::object_of(const ClassMap& map, std::span<const Cell> cells,
                                            const Cell& key,
                                            const std::shared_ptr<Origin>& origin) {
  // A key of the member, so that it compares with what members hold.
  std::shared_ptr<void>& scratch = scratch_[&map];
  if (!scratch) scratch = map.make();
  const Slot& slot = map.key_slot();
  load_cell(*slot.member, slot.in(scratch.get()), key, *slot.type, engine_.dialect());
  const auto there = by_key_.find({&map, key_value(map, scratch.get())});
  if (there != by_key_.end()) {
    Entry& entry = *there->second;
    if (entry.expired && changed(entry).empty()) {
      load_row(map, entry.object.get(), cells, engine_.dialect());
      remember(entry);
    }
    if (origin) entry.origin = origin;
    return entry.object;
  }
  const std::shared_ptr<void> object = map.make();
  load_row(map, object.get(), cells, engine_.dialect());
  take_in(map, object, ObjectState::persistent);
  Entry& entry = entries_[object.get()];
  entry.origin = origin;
  remember(entry);
  return object;
}

// ---- relations that are loaded when they are used

Loader UnitOfWork::loader(const std::shared_ptr<Origin>& origin) {
  return Loader(engine_, [this, origin](const ClassMap& map, const Query& query) {
    return read(map, query, origin);
  });
}

bool UnitOfWork::load_lazily(const void* relation) {
  const Alone alone(*this);
  const auto holder = [&](const ClassMap& map, const Slot& slot) -> Entry* {
    Entry* entry = known(static_cast<const char*>(relation) - slot.offset);
    return entry && entry->map == &map ? entry : nullptr;
  };
  for (const auto& [name, map] : engine_.mapping().maps()) {
    for (const auto* slots : {&map.slots, &map.links}) {
      for (const Slot& slot : *slots) {
        if (!slot.member || slot.member->target.empty()) continue;
        if (Entry* entry = holder(map, slot)) {
          load_relation(*entry, slot);
          return true;
        }
      }
    }
  }
  return false;
}

void UnitOfWork::load_relation(Entry& entry, const Slot& slot) {
  const ClassMap& target = engine_.mapping().of_class(slot.member->target);
  void* object = entry.object.get();
  if (slot.member->attach && slot.field->to_field.empty()) {
    // A row that the session has needs no query.
    const Value key = detail::value_of_member(*slot.member, slot.in(object));
    const auto there = by_key_.find({&target, key});
    if (there != by_key_.end() && !there->second->expired && !there->second->condemned) {
      slot.member->attach(slot.in(object), there->second->object);
      return;
    }
  }
  note_single(entry, entry.map->name() + "." + slot.field->name);
  if (options_.autoflush) write_all();
  const Working working(*this);
  loader(entry.origin).step(*entry.map, {object}, slot.field->name, nullptr);
  if (slot.member->row && !slot.member->row(slot.in(object))) {
    detail::none_found(target, "that " + entry.map->name() + "." + slot.field->name + " refers to");
  }
}

void UnitOfWork::note_single(Entry& entry, const std::string& what) {
  if (!entry.origin || !engine_.options().on_warning) return;
  if (++entry.origin->loads[what] != single_loads_to_warn) return;
  engine_.options().on_warning(what + " was loaded for one object at a time, " +
                               std::to_string(single_loads_to_warn) +
                               " times, for rows of the query at " + entry.origin->where +
                               "; use select_related or prefetch_related there");
}

// ---- the end

/// True when classes of the session's objects refer to each other in a circle.
bool UnitOfWork::may_have_circles() const {
  std::set<const ClassMap*> present;
  for (const auto& [object, entry] : entries_) present.insert(entry.map);
  std::set<const ClassMap*> open;
  std::set<const ClassMap*> done;
  const std::function<bool(const ClassMap*)> circles = [&](const ClassMap* map) {
    if (done.contains(map) || !present.contains(map)) return false;
    if (!open.insert(map).second) return true;
    for (const auto* slots : {&map->slots, &map->links}) {
      for (const Slot& slot : *slots) {
        if (!slot.member || slot.member->target.empty()) continue;
        if (circles(&engine_.mapping().of_class(slot.member->target))) return true;
      }
    }
    open.erase(map);
    done.insert(map);
    return false;
  };
  return std::any_of(present.begin(), present.end(), circles);
}

/// Objects that only hold on to each other, in a circle, would stay for ever: they let go of their
/// rows. Those that the program still has, and all they lead to, are left alone.
void UnitOfWork::release_circles() {
  if (entries_.empty() || !may_have_circles()) return;
  std::unordered_map<const void*, std::vector<const void*>> leads;
  std::unordered_map<const void*, long> held;  // from inside
  for (const auto& [object, entry] : entries_) {
    ++held[object];
    std::vector<const void*>& to = leads[object];
    for (const Slot& slot : entry.map->slots) {
      if (!slot.member || !slot.member->row) continue;
      if (const auto row = slot.member->row(slot.in(object))) to.push_back(row.get());
    }
    for (const Slot& link : entry.map->links) {
      for (const auto& row : link.member->rows(link.in(object))) to.push_back(row.get());
    }
    for (const void* row : to) ++held[row];
  }
  std::vector<const void*> reached;
  std::set<const void*> kept;
  for (const auto& [object, entry] : entries_) {
    if (entry.object.use_count() > held[object]) reached.push_back(object);
  }
  while (!reached.empty()) {
    const void* object = reached.back();
    reached.pop_back();
    if (!kept.insert(object).second) continue;
    for (const void* row : leads[object]) reached.push_back(row);
  }
  for (const auto& [object, entry] : entries_) {
    if (kept.contains(object)) continue;
    for (const Slot& slot : entry.map->slots) {
      if (slot.member && slot.member->attach) slot.member->attach(slot.in(entry.object.get()), {});
    }
    for (const Slot& link : entry.map->links) {
      link.member->attach_all(link.in(entry.object.get()), {});
    }
  }
}

std::int64_t UnitOfWork::count(const Query& query) {
  const Alone alone(*this);
  if (options_.autoflush) write_all();
  const Working working(*this);
  return detail::count(engine_, query);
}

std::shared_ptr<void> UnitOfWork::get(const ClassMap& map, const Value& key) {
  const Alone alone(*this);
  const auto there = by_key_.find({&map, key});
  if (there != by_key_.end() && !there->second->expired && !there->second->condemned) {
    return there->second->object;
  }
  Query query{.model = key_of(*map.model)};
  query.filters.push_back(
      Expression::call("=", {Expression::field("pk"), detail::literal_expression(key)}));
  query.ordered = true;
  const auto rows = fetch(map, query);
  return rows.empty() ? nullptr : rows.front();
}

void UnitOfWork::refresh(const ClassMap& map, const std::shared_ptr<void>& object) {
  const Alone alone(*this);
  Entry* entry = known(object.get());
  if (!entry || entry->state != ObjectState::persistent) {
    throw Error(ErrorKind::misuse, "the " + map.name() + " is not persistent in this session");
  }
  const Working working(*this);
  if (!detail::find(engine_, map, entry->key, object.get())) {
    detail::none_found(map, "to read again");
  }
  remember(*entry);
}

void UnitOfWork::expire(const void* object) {
  const Alone alone(*this);
  Entry* entry = known(object);
  if (!entry || entry->state != ObjectState::persistent) return;
  entry->hashes = hashes_of(*entry->map, entry->object.get());
  entry->expired = true;
}

void UnitOfWork::expire_all() {
  const Alone alone(*this);
  for (auto& [object, entry] : entries_) expire(object);
}

void UnitOfWork::expunge(const void* object) {
  const Alone alone(*this);
  const auto at = entries_.find(object);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  if (entry.state == ObjectState::persistent) {
    by_key_.erase({entry.map, entry.key});
    detached_[object] = entry.object;
  }
  entries_.erase(at);
}

ObjectState UnitOfWork::state(const void* object) const {
  const Alone alone(*this);
  if (const Entry* entry = known(object)) return entry->state;
  const auto gone = detached_.find(object);
  const bool there = gone != detached_.end() && !gone->second.expired();
  return there ? ObjectState::detached : ObjectState::transient;
}

std::size_t UnitOfWork::size() const {
  const Alone alone(*this);
  return entries_.size();
}

bool UnitOfWork::modified(const void* object) const {
  const Alone alone(*this);
  const Entry* entry = known(object);
  return entry && entry->state == ObjectState::persistent && !changed(*entry).empty();
}

}  // namespace turnstone::orm

namespace turnstone {

void detail::load_lazily(const void* relation, std::string_view text) {
  for (orm::UnitOfWork* work : orm::lazy_sessions().here()) {
    if (work->load_lazily(relation)) return;
  }
  refuse_unloaded(text);
}

Nested::Nested(orm::UnitOfWork& work) : work_(&work), depth_(work.begin_nested()) {}

Nested::~Nested() {
  if (!open_) return;
  try {
    rollback();
  } catch (const std::exception&) {
    // The session has ended before, or its connection has.
  }
}

void Nested::commit() {
  if (!open_) throw Error(ErrorKind::misuse, "this savepoint of a session has ended already");
  work_->commit_nested(depth_);
  open_ = false;
}

void Nested::rollback() {
  if (!open_) return;
  open_ = false;
  work_->rollback_nested(depth_);
}

Session::Session(const Database& database, const SessionOptions& options)
    : database_(database), work_(std::make_unique<orm::UnitOfWork>(database_.engine(), options)) {}
Session::~Session() = default;

void Session::flush() { work_->flush(); }
void Session::commit() { work_->commit(); }
void Session::rollback() { work_->rollback(); }
void Session::expire(const std::shared_ptr<void>& object) { work_->expire(object.get()); }
void Session::expire_all() { work_->expire_all(); }
void Session::expunge(const std::shared_ptr<void>& object) { work_->expunge(object.get()); }
ObjectState Session::state(const std::shared_ptr<void>& object) const {
  return work_->state(object.get());
}
bool Session::modified(const std::shared_ptr<void>& object) const {
  return work_->modified(object.get());
}
std::size_t Session::size() const { return work_->size(); }
std::vector<std::shared_ptr<void>> Session::fetch(const ClassMap& map, const Query& query) {
  return work_->fetch(map, query);
}
std::int64_t Session::count(const Query& query) { return work_->count(query); }
void Session::add_object(const ClassMap& map, const std::shared_ptr<void>& object) {
  work_->add(map, object);
}
void Session::remove_object(const ClassMap& map, const std::shared_ptr<void>& object) {
  work_->remove(map, object);
}
std::shared_ptr<void> Session::get_object(const ClassMap& map, const Value& key) {
  return work_->get(map, key);
}
void Session::refresh_object(const ClassMap& map, const std::shared_ptr<void>& object) {
  work_->refresh(map, object);
}

}  // namespace turnstone
