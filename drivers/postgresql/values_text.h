#pragma once

#include <turnstone/model/field.h>
#include <turnstone/values.h>

#include <optional>
#include <string>
#include <string_view>

namespace turnstone::postgresql {

// Values in PostgreSQL's own text forms, as parameters, cells and inside quotes.

/// `3 days 02:03:04.5`; a sign on each part, as PostgreSQL reads it.
std::string interval_text(Duration value);
/// Reads what PostgreSQL writes with IntervalStyle `postgres`; a month counts 30 days, a year 365.
std::optional<Duration> parse_interval(std::string_view text);
/// `2026-11-25 13:45:30.5+00` of a session in UTC; empty for infinity and years before Christ.
std::optional<DateTime> parse_timestamp(std::string_view text);
/// `\x00ff`
std::string bytea_text(const Bytes& bytes);

/// Text of an array, hstore or range field for a value in the form of files.
/// Throws Error{bad_model} where it does not fit.
std::string array_text(const Json& value, const Field& field);
std::string hstore_text(const Json& value, const Field& field);
std::string range_text(const Json& value, const Field& field);
/// JSON array of an array cell; empty when it cannot be read.
std::optional<Json> parse_array(std::string_view text, const Field& field);
/// JSON object of an hstore cell.
std::optional<Json> parse_hstore(std::string_view text);

/// `value` of a scalar type of field as text without quotes; no value for JSON null.
/// Throws Error{bad_model} where it does not fit.
std::optional<std::string> scalar_text(const Json& value, const Field& field);

}  // namespace turnstone::postgresql
