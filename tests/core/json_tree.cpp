#include "json/tree.h"

#include <doctest/doctest.h>
#include <turnstone/error.h>

#include <cstdio>
#include <random>

using namespace turnstone;
using json::Node;
using json::Tree;

namespace {

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::bad_file);
    return error.text();
  }
  return "no error";
}

/// A random value, nested at most `depth` levels.
Tree random_tree(std::mt19937& random, int depth) {
  const auto below = [&](std::uint32_t n) { return random() % n; };
  const char* texts[] = {
      "", "title", "größe \"x\"", "a/b~c", "line\nbreak\t\x01", "\xF0\x9F\x98\x80"};
  switch (below(depth > 0 ? 8 : 6)) {
    case 0:
      return Tree();
    case 1:
      return Tree(below(2) == 0);
    case 2:
      return Tree(static_cast<std::int64_t>(random()) - 2000000000);
    case 3:
      return Tree(static_cast<double>(random()) / 1024);
    case 4:
      return Tree(UINT64_MAX - below(3));
    case 5:
      return Tree(texts[below(6)]);
    case 6: {
      Tree list = Tree::array();
      for (std::uint32_t n = below(6); n > 0; --n) list.push_back(random_tree(random, depth - 1));
      return list;
    }
    default: {
      Tree object = Tree::object();
      for (std::uint32_t n = below(6); n > 0; --n) {
        object[texts[below(6)] + std::to_string(n)] = random_tree(random, depth - 1);
      }
      return object;
    }
  }
}

}  // namespace

TEST_CASE("text that is not JSON is refused with line and column") {
  struct Case {
    std::string text{};
    std::string wanted{};
  };
  std::string deep(300, '[');
  const Case cases[] = {
      {"", "expected a value, found the end of the file (f: line 1, column 1)"},
      {"{\"a\": 1", "expected \",\" or \"}\", found the end of the file (f: line 1, column 8)"},
      {"{\"a\": 1\n \"b\": 2}", "expected \",\" or \"}\", found \"\"\" (f: line 2, column 2)"},
      {"{\"a\" 1}", "expected \":\" behind the key \"a\", found \"1\" (f: line 1, column 6)"},
      {"{a: 1}", "expected a key in double quotes, found \"a\" (f: line 1, column 2)"},
      {"{'a': 1}", "expected a key in double quotes, found \"'\" (f: line 1, column 2)"},
      {"{\"a\": 1,}", "expected a key in double quotes, found \"}\" (f: line 1, column 9)"},
      {"[1, 2", "expected \",\" or \"]\", found the end of the file (f: line 1, column 6)"},
      {"[1, ]", "expected a value, found \"]\" (f: line 1, column 5)"},
      {"[1] // no", "expected the end of the file, found \"/\" (f: line 1, column 5)"},
      {"{} {}", "expected the end of the file, found \"{\" (f: line 1, column 4)"},
      {"[True]", "expected a value, found \"True\" (f: line 1, column 2)"},
      {"[nul]", "expected a value, found \"nul\" (f: line 1, column 2)"},
      {"[NaN]", "expected a value, found \"NaN\" (f: line 1, column 2)"},
      {"[01]", "a number cannot begin with 0 (f: line 1, column 3)"},
      {"[1.]", "expected a digit, found \"]\" (f: line 1, column 4)"},
      {"[-]", "expected a digit, found \"]\" (f: line 1, column 3)"},
      {"[1e999]", "the number is too large or too small (f: line 1, column 2)"},
      {"[\"abc", "the text in quotes has no end (f: line 1, column 6)"},
      {"[\"a\nb\"]",
       "a line break or control character inside of quotes (f: line 1, column 4); write it as \\n "
       "or "
       "\\u0000"},
      {"[\"\\x\"]", "unknown escape after \\ (f: line 1, column 3)"},
      {"[\"\\u12\"]", "expected four hexadecimal digits behind \\u (f: line 1, column 3)"},
      {"[\"\\ud800\"]", "half of a surrogate pair (f: line 1, column 3)"},
      {"[\"ä\xFF\"]", "the text is not UTF-8 (f: line 1, column 4)"},
      {"[\"\xC0\x80\"]", "the text is not UTF-8 (f: line 1, column 3)"},
      {"[\xFF]", "expected a value, found a stray byte (f: line 1, column 2)"},
      {"{\"a\": 1,\n  \"a\": 2}",
       "the key \"a\" stands twice in one object (f: line 2, column 3); take one of them out"},
      {deep, "nested deeper than 200 levels (f: line 1, column 202)"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(error_of([&] { json::parse("f", c.text); }) == c.wanted);
  }
}

TEST_CASE("JSON of every kind is read") {
  const Tree tree = json::parse("f",
                                "\xEF\xBB\xBF { \"a\" : [ 1, -2.5e1, true, false, null ],\r\n"
                                "\t\"b\": \"\\u00e4\\ud83d\\ude00\\/\\\"\" } ");
  CHECK(tree.dump() == "{\"a\":[1,-25.0,true,false,null],\"b\":\"ä😀/\\\"\"}");
  CHECK(json::parse("f", "18446744073709551615").get<std::uint64_t>() == UINT64_MAX);
  CHECK(json::parse("f", "-9223372036854775808").get<std::int64_t>() == INT64_MIN);
  CHECK(json::parse("f", "123456789012345678901234567890").is_number_float());
}

TEST_CASE("canonical text puts on one line what fits in 100 columns") {
  // The array has room for exactly 100 columns with its key and the comma behind it.
  Tree tree = Tree::object();
  tree["short"] = json::parse("f", R"([1, {"a": []}, {}])");
  tree["fits"] = Tree::array({std::string(85, 'x')});
  tree["wide"] = Tree::array({std::string(86, 'x')});
  tree["last"] = Tree::array({std::string(86, 'x')});
  const std::string x85(85, 'x');
  CHECK(json::pretty(tree) == "{\n  \"short\": [1, {\"a\": []}, {}],\n  \"fits\": [\"" + x85 +
                                  "\"],\n  \"wide\": [\n    \"" + x85 +
                                  "x\"\n  ],\n  \"last\": [\"" + x85 + "x\"]\n}\n");
  CHECK(json::pretty(Tree::object()) == "{}\n");
  CHECK(json::pretty(Tree("ä\x01/")) == "\"ä\\u0001/\"\n");
}

TEST_CASE("columns are characters, not bytes") {
  std::string text;
  for (int i = 0; i < 96; ++i) text += "ä";
  CHECK(json::pretty(Tree::array({text})) == "[\"" + text + "\"]\n");
  text += "ä";
  CHECK(json::pretty(Tree::array({text})) == "[\n  \"" + text + "\"\n]\n");
}

TEST_CASE("a text that is not UTF-8 is not written") {
  CHECK_THROWS_WITH_AS(json::pretty(Tree("\xFF")), "a text is not valid UTF-8", Error);
}

TEST_CASE("any tree is read back as it was written, and written as it was read") {
  std::mt19937 random(11);
  for (int i = 0; i < 500; ++i) {
    const Tree tree = random_tree(random, 5);
    const std::string text = json::pretty(tree);
    CAPTURE(text);
    const Tree back = json::parse("f", text);
    REQUIRE(back == tree);
    REQUIRE(json::pretty(back) == text);
    // The same values as the library's own parser reads.
    REQUIRE(Tree::parse(text) == tree);
  }
}

TEST_CASE("files cut short or changed by a byte are read or refused, never worse") {
  std::mt19937 random(5);
  for (int i = 0; i < 3000; ++i) {
    std::string text = json::pretty(random_tree(random, 3));
    for (std::uint32_t n = random() % 3 + 1; n > 0; --n) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) text.resize(random() % text.size());
    CAPTURE(i);
    bool theirs = true;
    try {
      theirs = !Tree::parse(text).is_discarded();
    } catch (const std::exception&) {
      theirs = false;
    }
    try {
      const Tree tree = json::parse("f", text);
      REQUIRE(theirs);
      REQUIRE(json::parse("f", json::pretty(tree)) == tree);
    } catch (const Error& error) {
      REQUIRE(error.kind() == ErrorKind::bad_file);
      // The library takes a zero byte for the end, the last of two keys, and 0 for 1e-999.
      const std::string what = error.what();
      const bool stricter = what.find("twice") != std::string::npos ||
                            what.find("too small") != std::string::npos ||
                            text.find('\0') != std::string::npos;
      CAPTURE(what);
      REQUIRE((!theirs || stricter));
    }
  }
}

TEST_CASE("a node says where it is and what it wanted") {
  const Tree tree = json::parse("m.json", R"({"a": [{"b/c~d": 5}, "text"], "n": 3000000000,
      "u": 18446744073709551615, "f": 1.5, "s": "", "o": {}})");
  const Node root("m.json", tree);
  struct Case {
    std::function<void()> act{};
    std::string wanted{};
  };
  const Case cases[] = {
      {[&] { root.at("a").items()[0].at("b/c~d").text(); },
       "expected a text, found 5 (m.json: /a/0/b~1c~0d)"},
      {[&] { root.at("a").items()[1].boolean(); },
       "expected true or false, found \"text\" (m.json: /a/1)"},
      {[&] { root.at("a").texts(); }, "expected a text, found an object (m.json: /a/0)"},
      {[&] { root.at("a").at("x"); }, "expected an object, found an array (m.json: /a)"},
      {[&] { root.at("missing"); }, "the key \"missing\" is missing (m.json: /)"},
      {[&] { root.items(); }, "expected an array, found an object (m.json: /)"},
      {[&] { root.at("s").name(); }, "a name must not be empty (m.json: /s)"},
      {[&] { root.at("f").integer(); }, "expected a whole number, found 1.5 (m.json: /f)"},
      {[&] { root.at("n").integer(); },
       "expected a whole number between -2147483647 and 2147483647, found 3000000000 (m.json: /n)"},
      {[&] { root.at("u").integer(); },
       "expected a whole number between -2147483647 and 2147483647, found 18446744073709551615 "
       "(m.json: /u)"},
      {[&] {
         root.only_keys({"a", "n", "u", "f", "s", "objekt"});
       },
       "unknown key \"o\" (m.json: /); known keys: a, n, u, f, s, objekt"},
      {[&] { root.at("a").items()[0].only_keys({"b/c"}); },
       "unknown key \"b/c~d\" (m.json: /a/0); known keys: b/c"},
  };
  for (const Case& c : cases) {
    CHECK(error_of(c.act) == c.wanted);
  }
  CHECK(root.at("o").members().empty());
  CHECK(root.at("a").items()[1].text() == "text");
  CHECK_FALSE(root.find("zz"));
  CHECK(Node("m.json", tree.at("a"), "/a").items()[1].where() == "m.json: /a/1");
}
