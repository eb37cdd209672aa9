#pragma once

#include <turnstone/migrations/questioner.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace turnstone::cli {

/// Answers to the autodetector's questions that were given as flags; `formats.md` §7.
class Answers {
 public:
  /// The flags as given. Throws Error{usage} for one that cannot be read.
  struct Flags {
    std::vector<std::string> rename{};        ///< `app.Model.old:new`
    std::vector<std::string> rename_model{};  ///< `app.Old:New`
    std::vector<std::string> move_model{};    ///< `app.Model:other`
    std::vector<std::string> default_for{};   ///< `app.Model.field=JSON`
    std::vector<std::string> remove{};        ///< `app.Model` or `app.Model.field`
    bool assume_renames = false;
  };
  Answers() = default;
  explicit Answers(const Flags& flags);

  /// Nothing where the flags do not say.
  std::optional<bool> renamed_model(const ModelState& before, const ModelState& after);
  std::optional<bool> moved_model(const ModelState& before, const ModelState& after);
  std::optional<bool> renamed_field(const ModelState& model, const std::string& before,
                                    const std::string& after);
  bool removal_meant(const ModelState& model, const std::string& field = {});

  struct Filling {
    std::optional<Default> value{};  ///< nothing: go ahead without one
  };
  /// Nothing where the flags do not say.
  std::optional<Filling> filling(const ModelState& model, const Field& field);

  /// Labels of apps that the flags name.
  std::set<std::string> apps() const;
  /// Flags for renames, moves and removals that no question asked for.
  std::vector<std::string> unused() const;

 private:
  struct Rename {
    std::string app{};
    std::string model{};  ///< lower case; empty for models
    std::string before{};
    std::string after{};
    std::string flag{};
    bool used = false;
  };
  struct Place {
    std::string app{};
    std::string model{};  ///< lower case
    std::string field{};
    std::string flag{};
    Json value{};
    bool used = false;
  };
  std::vector<Rename> fields_{};
  std::vector<Rename> models_{};
  std::vector<Rename> moves_{};  ///< `before` is the model, `after` the app it went to
  std::vector<Place> defaults_{};
  std::vector<Place> removals_{};
  bool assume_ = false;
};

/// `value`, as a person or a flag gave it, as a default of `field`: an object with `function` is a
/// function except on a JSONField. `type` is the field its values have (the key a relation points
/// to). Throws Error{bad_model} where it does not fit.
Default default_from(const Json& value, const Field& field, const Field& type);

}  // namespace turnstone::cli
