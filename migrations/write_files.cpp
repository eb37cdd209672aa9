#include "write_files.h"

#include "json/tree.h"
#include "text_file.h"

#include <turnstone/error.h>
#include <turnstone/migrations/migration.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

// The order on disk, each step synced before the next:
//   1. `.turnstone-intent.json` lists temporaries, targets and new folders
//   2. new folders, then the temporaries beside their targets
//   3. the intent is renamed to `.turnstone-commit.json`: from here on it has happened
//   4. temporaries are renamed to their targets, files are removed
//   5. the commit record goes
// A leftover intent is taken back, a leftover commit record is carried out; both can be repeated.

namespace turnstone::migrations {

void (*fault_point)(const char* step) = nullptr;

namespace {

namespace fs = std::filesystem;

constexpr const char* intent_name = ".turnstone-intent.json";
constexpr const char* commit_name = ".turnstone-commit.json";
constexpr const char* lock_name = ".turnstone.lock";

void step(const char* what) {
  if (fault_point) fault_point(what);
}

[[noreturn]] void fail(const std::string& what, const fs::path& file, int error) {
  throw Error(ErrorKind::bad_file,
              "cannot " + what + " \"" + file.string() + "\": " + std::strerror(error));
}

/// An open file or folder, closed at the end.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, const std::string& what)
      : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail(what, path, errno);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t done = ::write(fd_, text.data(), text.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) fail("write", path_, errno);
      text.remove_prefix(static_cast<std::size_t>(done));
    }
  }
  void sync() const {
    // EINVAL: a file system without it, where nothing can be done.
    if (::fsync(fd_) != 0 && errno != EINVAL) fail("write", path_, errno);
  }

 private:
  fs::path path_;
  int fd_;
};

/// Keeps other writers of the same folder out while it lives. The folder itself is locked, so that
/// no lock file lies about; where the file system can't do that (NFS) there is one.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : folder_(folder, O_RDONLY | O_DIRECTORY, "open the folder") {
    if (lock(folder_)) return;
    file_.emplace(folder / lock_name, O_RDWR | O_CREAT, "lock");
    if (!lock(*file_)) fail("lock", folder, errno);
  }

 private:
  static bool lock(const Descriptor& file) {
    int result = 0;
    do {
      result = ::flock(file.get(), LOCK_EX);
    } while (result != 0 && errno == EINTR);
    return result == 0;
  }

  Descriptor folder_;
  std::optional<Descriptor> file_{};
};

void sync_folder(const fs::path& folder) {
  Descriptor(folder, O_RDONLY | O_DIRECTORY, "open the folder").sync();
}

bool is_there(const fs::path& file) {
  struct stat info {};
  return ::lstat(file.c_str(), &info) == 0;
}

void rename_file(const fs::path& from, const fs::path& to) {
  step("rename");
  if (::rename(from.c_str(), to.c_str()) != 0) fail("write", to, errno);
}

void remove_file(const fs::path& file) {
  step("remove");
  const bool removed = ::unlink(file.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR;
  if (!removed) fail("remove", file, errno);
}

void write_file(const fs::path& file, std::string_view text) {
  step("create");
  const Descriptor out(file, O_WRONLY | O_CREAT | O_TRUNC, "write");
  const std::size_t half = text.size() / 2;
  out.write(text.substr(0, half));
  step("write");
  out.write(text.substr(half));
  out.sync();
}

/// What intent and commit record say. Paths count from the folder that holds the record.
struct Record {
  std::vector<std::pair<std::string, std::string>> renames{};  ///< temporary, target
  std::vector<std::string> removals{};
  std::vector<std::string> new_folders{};  ///< outer before inner
};

std::string to_text(const Record& record) {
  json::Tree root = json::Tree::object();
  root["turnstone"] = 1;
  root["renames"] = record.renames;
  root["removals"] = record.removals;
  root["new_folders"] = record.new_folders;
  return json::pretty(root);
}

Record read_record(const fs::path& file) {
  const std::string text = read_text_file(file).value_or("");
  const json::Tree tree = json::parse(file.string(), text);
  const json::Node root(file.string(), tree);
  Record record;
  for (const json::Node& item : root.at("renames").items()) {
    const std::vector<std::string> pair = item.texts();
    if (pair.size() != 2) item.expected("[temporary, target]");
    record.renames.emplace_back(pair[0], pair[1]);
  }
  record.removals = root.at("removals").texts();
  record.new_folders = root.at("new_folders").texts();
  return record;
}

/// Folders that a change touches, for syncing.
std::set<fs::path> touched_folders(const fs::path& folder, const Record& record) {
  std::set<fs::path> touched;
  for (const auto& rename : record.renames) touched.insert((folder / rename.second).parent_path());
  for (const std::string& file : record.removals) touched.insert((folder / file).parent_path());
  for (const std::string& made : record.new_folders) touched.insert((folder / made).parent_path());
  return touched;
}

/// Steps 4 and 5.
void carry_out(const fs::path& folder, const Record& record) {
  for (const auto& [temporary, target] : record.renames) {
    // A temporary that is gone was renamed already.
    if (is_there(folder / temporary)) rename_file(folder / temporary, folder / target);
  }
  for (const std::string& file : record.removals) remove_file(folder / file);
  for (const fs::path& touched : touched_folders(folder, record)) {
    if (is_there(touched)) sync_folder(touched);
  }
  remove_file(folder / commit_name);
  sync_folder(folder);
}

void take_back(const fs::path& folder, const Record& record) {
  for (const auto& rename : record.renames) remove_file(folder / rename.first);
  for (auto made = record.new_folders.rbegin(); made != record.new_folders.rend(); ++made) {
    step("remove folder");
    // Somebody may have put something there since.
    ::rmdir((folder / *made).c_str());
  }
  remove_file(folder / intent_name);
  sync_folder(folder);
}

fs::path half_written(const fs::path& folder) {
  fs::path file = folder / intent_name;
  return file += ".new";
}

bool anything_pending(const fs::path& folder) {
  return is_there(folder / commit_name) || is_there(folder / intent_name) ||
         is_there(half_written(folder));
}

/// Settles leftovers. Requires: the lock is held.
bool settle(const fs::path& folder) {
  if (!anything_pending(folder)) return false;
  if (is_there(folder / commit_name)) carry_out(folder, read_record(folder / commit_name));
  if (is_there(folder / intent_name)) take_back(folder, read_record(folder / intent_name));
  // Nothing was done yet when this one was being written.
  remove_file(half_written(folder));
  return true;
}

/// `path` as seen from `folder`, with links resolved: `..` then means what it says.
std::string relative_to(const fs::path& folder, const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  if (error) fail("find", path, error.value());
  const fs::path above = fs::weakly_canonical(absolute.parent_path(), error);
  if (error) fail("find", path, error.value());
  const fs::path real = above / absolute.filename();
  return real.lexically_relative(folder).generic_string();
}

/// Folders above `file` that are missing, outer first, added to `missing`.
void add_missing_folders(const fs::path& file, std::vector<fs::path>& missing) {
  std::vector<fs::path> found;
  for (fs::path at = fs::absolute(file).parent_path(); !at.empty() && !is_there(at);
       at = at.parent_path()) {
    found.push_back(at);
    if (at == at.parent_path()) break;
  }
  for (auto at = found.rbegin(); at != found.rend(); ++at) {
    if (std::find(missing.begin(), missing.end(), *at) == missing.end()) missing.push_back(*at);
  }
}

void check_expected(const FileChange& change) {
  for (const auto& [file, text] : change.expect) {
    if (read_text_file(file) == text) continue;
    throw Error(ErrorKind::conflict,
                text ? "the file changed while the change to it was worked out"
                     : "the file was made by somebody else in the meantime",
                file.string(), "nothing was written; run the command again");
  }
}

Record record_of(const fs::path& folder, const FileChange& change) {
  Record record;
  std::vector<fs::path> missing;
  for (const auto& entry : change.write) {
    const std::string target = relative_to(folder, entry.first);
    const fs::path path(target);
    const std::string temporary =
        "." + path.filename().string() + "." + std::to_string(::getpid()) + ".tmp";
    record.renames.emplace_back((path.parent_path() / temporary).generic_string(), target);
    add_missing_folders(entry.first, missing);
  }
  for (const fs::path& file : change.remove) record.removals.push_back(relative_to(folder, file));
  for (const fs::path& made : missing) record.new_folders.push_back(relative_to(folder, made));
  return record;
}

/// Steps 1 and 2.
void prepare(const fs::path& folder, const Record& record, const FileChange& change) {
  write_file(half_written(folder), to_text(record));
  rename_file(half_written(folder), folder / intent_name);
  sync_folder(folder);
  for (const std::string& made : record.new_folders) {
    step("make folder");
    if (::mkdir((folder / made).c_str(), 0777) != 0 && errno != EEXIST) {
      fail("make the folder", folder / made, errno);
    }
  }
  std::size_t i = 0;
  for (const auto& entry : change.write) {
    write_file(folder / record.renames[i++].first, entry.second);
  }
  for (const fs::path& touched : touched_folders(folder, record)) {
    if (is_there(touched)) sync_folder(touched);
  }
}

/// After an error before the commit: as if nothing had been asked for. Where that fails too the
/// next run does it; the first error is the one to tell.
void undo_quietly(const fs::path& folder) {
  try {
    settle(folder);
  } catch (const Error&) {
  }
}

}  // namespace

void write_files(const fs::path& folder, const FileChange& change) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail("make the folder", folder, error.value());
  const fs::path home = fs::canonical(folder, error);
  if (error) fail("open the folder", folder, error.value());
  const FolderLock lock(home);
  settle(home);
  check_expected(change);
  const Record record = record_of(home, change);
  try {
    prepare(home, record, change);
    rename_file(home / intent_name, home / commit_name);
  } catch (const Error&) {
    undo_quietly(home);
    throw;
  }
  sync_folder(home);
  carry_out(home, record);
}

bool finish_pending(const fs::path& folder) {
  std::error_code error;
  const fs::path home = fs::canonical(folder, error);
  if (error || !anything_pending(home)) return false;
  const FolderLock lock(home);
  return settle(home);
}

}  // namespace turnstone::migrations
