#include "support/field_samples.h"

namespace turnstone::test {
namespace {

FieldSample sample(FieldType type, const Json& value, const std::string& text) {
  return {Field{.name = "c", .type = type, .null = true}, value, text};
}

Field with_length(Field field, int length) {
  field.max_length = length;
  return field;
}

}  // namespace

Json sample_range(FieldType type) {
  switch (type) {
    case FieldType::decimal_range:
      return Json::of("[1.5,2.5)");
    case FieldType::date_range:
      return Json::of("[2026-11-25,2026-12-01)");
    case FieldType::date_time_range:
      return Json::of("[\"2026-11-25 10:00:00+00\",)");
    default:
      return Json::of("[1,5)");
  }
}

std::vector<FieldSample> field_samples(const Dialect& dialect) {
  using T = FieldType;
  const bool lite = dialect.name() == "sqlite";
  FieldSample decimal = sample(T::decimal, Json::of("2.5"), "2.5");
  decimal.field.max_digits = 9;
  decimal.field.decimal_places = 1;
  FieldSample custom = sample(T::custom, Json::of("10.0.0.0/8"), "10.0.0.0/8");
  custom.field.db_type = {{"postgresql", "cidr"}, {"sqlite", "text"}};
  std::vector<FieldSample> samples = {
      sample(T::boolean, Json::of(true), "true"),
      sample(T::small_integer, Json::of(7), "7"),
      sample(T::integer, Json::of(70000), "70000"),
      sample(T::big_integer, Json::of(std::int64_t{7000000000}), "7000000000"),
      sample(T::positive_small_integer, Json::of(8), "8"),
      sample(T::positive_integer, Json::of(80000), "80000"),
      sample(T::positive_big_integer, Json::of(std::int64_t{8000000000}), "8000000000"),
      sample(T::floating, Json::of(1.5), "1.5"),
      decimal,
      sample(T::character, Json::of("char"), "char"),
      sample(T::text, Json::of("text"), "text"),
      sample(T::slug, Json::of("a-slug"), "a-slug"),
      sample(T::email, Json::of("a@example.org"), "a@example.org"),
      sample(T::url, Json::of("https://example.org"), "https://example.org"),
      sample(T::file, Json::of("up/a.txt"), "up/a.txt"),
      sample(T::image, Json::of("up/a.png"), "up/a.png"),
      sample(T::file_path, Json::of("/srv/a"), "/srv/a"),
      sample(T::date, Json::of("2026-11-25"), "2026-11-25"),
      sample(T::time, Json::of("10:20:30"), "10:20:30"),
      sample(T::date_time, Json::of("2026-11-25T10:20:30Z"),
             lite ? "2026-11-25 10:20:30" : "2026-11-25 10:20:30+00"),
      sample(T::duration, Json::of("P1DT02H03M04S"), lite ? "93784000000" : "1 day 02:03:04"),
      sample(T::uuid, Json::of("12345678-1234-4234-8234-123456789abc"),
             "12345678-1234-4234-8234-123456789abc"),
      sample(T::binary, Json::of("YWJj"), "abc"),
      sample(T::json, Json::parse(R"({"a":[1,2]})"), lite ? R"({"a":[1,2]})" : R"({"a": [1, 2]})"),
      sample(T::generic_ip_address, Json::of("10.0.0.1"), "10.0.0.1"),
      custom,
  };
  samples[9].field = with_length(samples[9].field, 60);
  if (lite) return samples;
  FieldSample array = sample(T::array, Json::parse(R"(["x","y"])"), "{x,y}");
  array.field.base_field =
      std::make_shared<const Field>(with_length(Field{.type = T::character}, 20));
  FieldSample numbers = sample(T::array, Json::parse("[1,2]"), "{1,2}");
  numbers.field.base_field = std::make_shared<const Field>(Field{.type = T::integer});
  numbers.field.size = 4;
  samples.push_back(array);
  samples.push_back(numbers);
  samples.push_back(sample(T::hstore, Json::parse(R"({"a":"1"})"), R"("a"=>"1")"));
  for (const T type : {T::integer_range, T::big_integer_range, T::decimal_range, T::date_time_range,
                       T::date_range}) {
    samples.push_back(sample(type, sample_range(type), sample_range(type).as_string()));
  }
  samples.push_back(sample(T::search_vector, Json::of("'cat' 'dog'"), "'cat' 'dog'"));
  samples.push_back(sample(T::ci_text, Json::of("CiText"), "CiText"));
  samples.push_back(sample(T::ci_char, Json::of("CiChar"), "CiChar"));
  samples.push_back(sample(T::ci_email, Json::of("C@example.org"), "C@example.org"));
  samples[samples.size() - 2].field = with_length(samples[samples.size() - 2].field, 60);
  return samples;
}

bool is_indexable(FieldType type) {
  return type != FieldType::json && type != FieldType::binary && type != FieldType::hstore &&
         type != FieldType::many_to_many && type != FieldType::composite_primary_key;
}

}  // namespace turnstone::test
