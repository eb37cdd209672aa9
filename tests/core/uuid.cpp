#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/values.h>

using namespace turnstone;

TEST_CASE("a UUID is read in its usual spellings and written in one") {
  const std::string expected = "12345678-9abc-4def-8123-456789abcdef";
  for (const char* text :
       {"12345678-9abc-4def-8123-456789abcdef", "123456789abc4def8123456789abcdef",
        "12345678-9ABC-4DEF-8123-456789ABCDEF", "{12345678-9abc-4def-8123-456789abcdef}"}) {
    CHECK(Uuid::parse(text).text() == expected);
  }
  CHECK(Uuid::parse(expected).hex() == "123456789abc4def8123456789abcdef");
}

TEST_CASE("text that is no UUID is refused") {
  for (const char* text :
       {"", "{}", "1234", "12345678-9abc-4def-8123-456789abcdeg",
        "123456789-abc-4def-8123-456789abcdef", "{12345678-9abc-4def-8123-456789abcdef"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(Uuid::try_parse(text));
  }
  CHECK_THROWS_WITH_AS(Uuid::parse("x"), "\"x\" is not a UUID", Error);
}

TEST_CASE("new UUIDs carry their version and differ") {
  const Uuid a = Uuid::v4();
  CHECK(a != Uuid::v4());
  CHECK(a.text()[14] == '4');
  CHECK(std::string("89ab").find(a.text()[19]) != std::string::npos);
}

TEST_CASE("version 7 sorts by time of creation") {
  Uuid last = Uuid::v7();
  CHECK(last.text()[14] == '7');
  for (int i = 0; i < 10'000; ++i) {
    const Uuid next = Uuid::v7();
    REQUIRE(last < next);
    last = next;
  }
}

TEST_CASE("digests are the known ones") {
  CHECK(md5_hex("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(md5_hex("abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("bytes go through hexadecimal and base64 text") {
  const auto bytes = [](std::string_view text) {
    Bytes result;
    for (const char c : text) result.push_back(static_cast<std::byte>(c));
    return result;
  };
  const std::vector<std::pair<std::string, std::string>> cases = {{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"\xff\xfe", "//4="}};
  for (const auto& [text, base64] : cases) {
    CHECK(to_base64(bytes(text)) == base64);
    CHECK(from_base64(base64) == bytes(text));
    CHECK(from_hex(to_hex(bytes(text))) == bytes(text));
  }
  CHECK(to_hex(bytes("\x01\xAB")) == "01ab");
  CHECK(from_hex("01AB") == bytes("\x01\xAB"));
  for (const char* text : {"Zg", "Zg=", "Z===", "Zh==", "Z g=", "====", "Zg==Zg=="}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(from_base64(text));
  }
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("0g"));
}
