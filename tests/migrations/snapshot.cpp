#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/migrations/migration.h>

namespace turnstone::migrations {
namespace {

const char* const whole = R"({
  "turnstone": 1,
  "leaf": ["0007_name"],
  "digest": "sha256:00",
  "models": [
    {
      "name": "Author",
      "fields": [
        {"name": "id", "type": "BigAutoField", "primary_key": true},
        {"name": "name", "type": "CharField", "max_length": 100}
      ]
    },
    {
      "name": "Book",
      "fields": [
        {"name": "author", "type": "ForeignKey", "to": "blog.Author", "on_delete": "CASCADE"}
      ],
      "options": {"db_table": "books"},
      "bases": ["blog.Publication"]
    }
  ]
}
)";

Migration migration(const std::string& name, const std::string& digest) {
  Migration m;
  m.id = {"blog", name};
  m.digest = digest;
  return m;
}

TEST_CASE("a snapshot has the same bytes after reading and writing") {
  const Snapshot snapshot = read_snapshot("blog", "snapshot.json", whole);
  CHECK(to_text(snapshot) == whole);
  CHECK(snapshot.leaf == std::vector<std::string>{"0007_name"});
  CHECK(snapshot.digest == "sha256:00");
  CHECK(snapshot.models.size() == 2);
  CHECK(snapshot.models[0].app == "blog");
  CHECK(snapshot.models[1].bases == std::vector<std::string>{"blog.Publication"});
}

TEST_CASE("a snapshot may hold no models") {
  const std::string text = to_text(Snapshot{.leaf = {}, .digest = chain_digest({}), .models = {}});
  CHECK(text == "{\n  \"turnstone\": 1,\n  \"leaf\": [],\n  \"digest\": \"" + chain_digest({}) +
                    "\",\n  \"models\": []\n}\n");
  CHECK(to_text(read_snapshot("blog", "snapshot.json", text)) == text);
}

TEST_CASE("the chain digest tells names, digests and their pairing apart, not the order given") {
  const std::string digest = chain_digest({migration("0001", "a"), migration("0002", "b")});
  CHECK(digest.starts_with("sha256:"));
  CHECK(chain_digest({migration("0002", "b"), migration("0001", "a")}) == digest);
  CHECK(chain_digest({migration("0001", "b"), migration("0002", "a")}) != digest);
  CHECK(chain_digest({migration("0001", "a")}) != digest);
  CHECK(chain_digest({migration("0001", "a"), migration("0003", "b")}) != digest);
  CHECK(chain_digest({}) != digest);
}

}  // namespace
}  // namespace turnstone::migrations
