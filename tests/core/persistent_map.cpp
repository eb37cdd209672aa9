#include <doctest/doctest.h>
#include <turnstone/persistent_map.h>

#include <map>
#include <random>

using turnstone::PersistentMap;

TEST_CASE("a persistent map behaves as a map, and its copies keep their content") {
  std::mt19937 random(7);
  PersistentMap<int, int> map;
  std::map<int, int> model;
  for (int i = 0; i < 3000; ++i) {
    const PersistentMap<int, int> earlier = map;
    const std::map<int, int> earlier_model = model;
    for (int n = static_cast<int>(random() % 5); n >= 0; --n) {
      const int key = static_cast<int>(random() % 200);
      if (random() % 3 == 0) {
        map.erase(key);
        model.erase(key);
      } else {
        const int value = static_cast<int>(random() % 4);
        map.set(key, value);
        model[key] = value;
      }
    }
    std::map<int, int> content;
    map.each([&](int key, int value) { content[key] = value; });
    REQUIRE(content == model);
    REQUIRE(map.size() == model.size());
    std::map<int, std::pair<int, int>> found;
    differences(earlier, map, [&](int key, const int* before, const int* after) {
      found[key] = {before ? *before : -1, after ? *after : -1};
    });
    std::map<int, std::pair<int, int>> wanted;
    for (int key = 0; key < 200; ++key) {
      const int before = earlier_model.contains(key) ? earlier_model.at(key) : -1;
      const int after = model.contains(key) ? model.at(key) : -1;
      if (before != after) wanted[key] = {before, after};
    }
    REQUIRE(found == wanted);
  }
}
