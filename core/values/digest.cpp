#include <openssl/evp.h>
#include <turnstone/error.h>
#include <turnstone/values.h>

#include <memory>

namespace turnstone {
namespace {

/// An algorithm looked up once: OpenSSL 3 would search its providers for each digest otherwise.
class Algorithm {
 public:
  explicit Algorithm(const char* name) : name_(name), md_(EVP_MD_fetch(nullptr, name, nullptr)) {}

  std::string hex(std::string_view text) const {
    thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
        EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (md_ == nullptr || context == nullptr ||
        EVP_DigestInit_ex2(context.get(), md_, nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), text.data(), text.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), digest, &size) != 1) {
      throw Error(ErrorKind::unsupported, "OpenSSL offers no " + name_ + " digest", "",
                  "check the OpenSSL configuration of this machine (FIPS mode?)");
    }
    std::string result(std::size_t{2} * size, '0');
    for (std::size_t i = 0; i < size; ++i) {
      result[2 * i] = "0123456789abcdef"[digest[i] >> 4];
      result[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    return result;
  }

 private:
  std::string name_;
  // Lives as long as the program: digests may be wanted while other statics are destroyed.
  const EVP_MD* md_;
};

}  // namespace

std::string md5_hex(std::string_view text) {
  static const Algorithm& algorithm = *new Algorithm("MD5");
  return algorithm.hex(text);
}

std::string sha256_hex(std::string_view text) {
  static const Algorithm& algorithm = *new Algorithm("SHA256");
  return algorithm.hex(text);
}

}  // namespace turnstone
