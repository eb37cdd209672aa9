#pragma once

#include <string>
#include <vector>

namespace turnstone::cli {

/// The passwords in a database URL as they stand there, in order: what `without_password` masks.
std::vector<std::string> secrets_of(const std::string& url);
/// `%41` becomes `A`; a percent sign that starts no escape stays.
std::string percent_decoded(const std::string& text);

/// A database URL that can be shown to every user of the machine, and its password beside it.
struct SplitUrl {
  std::string url{};
  std::string password{};  ///< decoded; empty where there is none
};
SplitUrl split_password(const std::string& url);

}  // namespace turnstone::cli
