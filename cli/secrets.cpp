#include "secrets.h"

#include <turnstone/drivers/open.h>
#include <turnstone/identifier.h>
#include <turnstone/values.h>

#include <algorithm>

namespace turnstone::cli {

std::vector<std::string> secrets_of(const std::string& url) {
  const std::string masked = without_password(url);
  std::vector<std::string> secrets;
  std::size_t in_url = 0;
  std::size_t in_masked = 0;
  while (true) {
    const std::size_t stars = masked.find("***", in_masked);
    if (stars == std::string::npos) return secrets;
    in_url += stars - in_masked;
    in_masked = stars + 3;
    const std::string following =
        masked.substr(in_masked, masked.find("***", in_masked) - in_masked);
    const bool last = in_masked + following.size() == masked.size();
    const std::size_t end =
        last ? url.size() - std::min(url.size(), following.size()) : url.find(following, in_url);
    if (end == std::string::npos || end < in_url) return secrets;
    secrets.push_back(url.substr(in_url, end - in_url));
    in_url = end;
  }
}

std::string percent_decoded(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2))
                                                            : std::optional<Bytes>();
    if (byte && byte->size() == 1) {
      result += static_cast<char>(byte->front());
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

SplitUrl split_password(const std::string& url) {
  const std::string masked = without_password(url);
  const std::vector<std::string> secrets = secrets_of(url);
  if (secrets.empty()) return {.url = url};
  SplitUrl split;
  std::size_t next = 0;
  std::size_t at = 0;
  for (std::size_t stars = masked.find("***"); stars != std::string::npos && next < secrets.size();
       stars = masked.find("***", at)) {
    split.url += masked.substr(at, stars - at);
    at = stars + 3;
    const std::string& secret = secrets[next++];
    if (split.url.ends_with(':')) {
      split.url.pop_back();
      split.password = percent_decoded(secret);
      continue;
    }
    // `password=***` in the query: the whole item goes, with one of the signs around it.
    const std::size_t begin = split.url.find_last_of("?&") + 1;
    if (lower_case(split.url.substr(begin)) == "password=") {
      split.password = percent_decoded(secret);
    }
    split.url.erase(begin);
    if (at < masked.size() && masked[at] == '&') {
      ++at;
    } else {
      split.url.pop_back();
    }
  }
  split.url += masked.substr(at);
  return split;
}

}  // namespace turnstone::cli
