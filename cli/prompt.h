#pragma once

#include "answers.h"
#include "output.h"

#include <turnstone/migrations/questioner.h>

#include <iosfwd>
#include <string>
#include <vector>

namespace turnstone::cli {

/// Asks a person, line by line. `exit`, the end of input and Ctrl-C throw Error{cancelled}.
class Prompt {
 public:
  Prompt(std::istream& in, Output& output) : in_(in), output_(output) {}
  /// The answer without blanks around it.
  std::string line(const std::string& question);
  /// Asks until the answer is yes or no; an empty one means no.
  bool yes(const std::string& question);
  /// Shows numbered choices and asks until one is chosen. Gives its position, from 0.
  std::size_t choice(const std::string& question, const std::vector<std::string>& choices);
  void say(const std::string& text) { output_.ask(text); }

 private:
  std::istream& in_;
  Output& output_;
};

/// Asks on a terminal, with what is asked about shown.
class TerminalQuestioner : public migrations::Questioner {
 public:
  /// `models` is the state wanted: it knows what keys relations point to.
  TerminalQuestioner(Prompt& prompt, const ProjectState& models)
      : prompt_(prompt), models_(models) {}
  bool renamed_model(const ModelState& old_model, const ModelState& new_model,
                     bool same_fields) override;
  bool moved_model(const ModelState& old_model, const ModelState& new_model,
                   bool same_fields) override;
  bool renamed_field(const ModelState& model, const Field& old_field, const Field& new_field,
                     const std::vector<std::string>& differences) override;
  std::optional<Default> default_for_added(const ModelState& model, const Field& field) override;
  std::optional<Default> default_for_altered(const ModelState& model, const Field& field) override;
  bool may_remove_field(const ModelState& model, const Field& field,
                        const std::vector<std::string>& rename_candidates) override;
  bool may_remove_model(const ModelState& model,
                        const std::vector<std::string>& rename_candidates) override;

 private:
  Default value_for(const ModelState& model, const Field& field);

  Prompt& prompt_;
  const ProjectState& models_;
  std::set<std::string> not_renamed_{};  ///< a no to a rename is a yes to a removal
};

/// For runs where nobody can be asked. Renames and removals are refused at once, as what else there
/// is to ask hangs on them: Error{question} with the question and the flags that answer it. Missing
/// values are kept, so that one run tells of all of them.
class RefusingQuestioner : public migrations::Questioner {
 public:
  /// Throws Error{question} for the values that were asked for.
  void refuse() const;
  bool renamed_model(const ModelState& old_model, const ModelState& new_model,
                     bool same_fields) override;
  bool moved_model(const ModelState& old_model, const ModelState& new_model,
                   bool same_fields) override;
  bool renamed_field(const ModelState& model, const Field& old_field, const Field& new_field,
                     const std::vector<std::string>& differences) override;
  std::optional<Default> default_for_added(const ModelState& model, const Field& field) override;
  std::optional<Default> default_for_altered(const ModelState& model, const Field& field) override;
  bool may_remove_field(const ModelState& model, const Field& field,
                        const std::vector<std::string>& rename_candidates) override;
  bool may_remove_model(const ModelState& model,
                        const std::vector<std::string>& rename_candidates) override;

 private:
  std::vector<Error> questions_{};
};

/// Answers as if nothing was renamed and no value was needed, and keeps what would be asked: for
/// runs that write nothing.
class PreviewQuestioner : public migrations::Questioner {
 public:
  const std::vector<Error>& questions() const { return questions_; }
  bool renamed_model(const ModelState& old_model, const ModelState& new_model,
                     bool same_fields) override;
  bool moved_model(const ModelState& old_model, const ModelState& new_model,
                   bool same_fields) override;
  bool renamed_field(const ModelState& model, const Field& old_field, const Field& new_field,
                     const std::vector<std::string>& differences) override;
  std::optional<Default> default_for_added(const ModelState& model, const Field& field) override;
  std::optional<Default> default_for_altered(const ModelState& model, const Field& field) override;
  bool may_remove_field(const ModelState& model, const Field& field,
                        const std::vector<std::string>& rename_candidates) override;
  bool may_remove_model(const ModelState& model,
                        const std::vector<std::string>& rename_candidates) override;

 private:
  std::vector<Error> questions_{};
};

/// Answers from flags first; what they leave open goes to another questioner.
class AnsweringQuestioner : public migrations::Questioner {
 public:
  AnsweringQuestioner(Answers& answers, migrations::Questioner& otherwise)
      : answers_(answers), otherwise_(otherwise) {}
  bool renamed_model(const ModelState& old_model, const ModelState& new_model,
                     bool same_fields) override;
  bool moved_model(const ModelState& old_model, const ModelState& new_model,
                   bool same_fields) override;
  bool renamed_field(const ModelState& model, const Field& old_field, const Field& new_field,
                     const std::vector<std::string>& differences) override;
  std::optional<Default> default_for_added(const ModelState& model, const Field& field) override;
  std::optional<Default> default_for_altered(const ModelState& model, const Field& field) override;
  bool may_remove_field(const ModelState& model, const Field& field,
                        const std::vector<std::string>& rename_candidates) override;
  bool may_remove_model(const ModelState& model,
                        const std::vector<std::string>& rename_candidates) override;

 private:
  Answers& answers_;
  migrations::Questioner& otherwise_;
};

}  // namespace turnstone::cli
