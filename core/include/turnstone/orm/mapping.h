#pragma once

#include <turnstone/model/describe.h>
#include <turnstone/registry.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

/// How rows of one model and objects of its class hold the same values.
struct ClassMap {
  /// One column, in the order of `fields`, those of concrete bases first.
  struct Slot {
    std::string name{};  ///< `<fk>_id` for keys
    const Field* field = nullptr;
    const Field* type = nullptr;         ///< whose values the column holds
    ModelPtr owner{};                    ///< the model whose table has it
    const MemberType* member = nullptr;  ///< nullptr: the class has no member for it
    std::size_t offset = 0;

    void* in(void* object) const { return static_cast<char*>(object) + offset; }
    const void* in(const void* object) const { return static_cast<const char*>(object) + offset; }
  };
  std::string class_name{};
  std::size_t number = 0;  ///< among the classes of its Mapping
  ModelPtr model{};
  std::vector<Slot> slots{};
  std::vector<Slot> links{};  ///< many-to-many members
  std::size_t key = 0;        ///< the slot of the primary key; its member may be missing
  std::shared_ptr<void> (*make)() = nullptr;
  std::shared_ptr<void> fresh{};  ///< an object as its initializers leave it

  const Slot& key_slot() const { return slots[key]; }
  /// `shop.Book`
  std::string name() const { return model->app + "." + model->name; }
  /// The slot of a field or `<fk>_id`. Throws Error{bad_model} with the nearest name.
  std::size_t slot(std::string_view name) const;
};

/// The models of a program and the classes that hold their rows.
class Mapping {
 public:
  /// Throws Error{bad_model} for the first thing that is wrong with the models.
  Mapping(const std::vector<DeclaredApp>& apps, const std::vector<DescribedModel>& classes,
          std::map<std::string, std::function<Json()>> default_functions);
  Mapping(const std::vector<DeclaredApp>& apps, const std::vector<DescribedModel>& classes);
  /// Models without classes: for tools, and for the models of one moment of history.
  explicit Mapping(ProjectState state);
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  const ProjectState& state() const { return state_; }
  /// Throws Error{bad_model} for a class that no app has registered.
  const ClassMap& of_class(std::string_view class_name) const;
  /// nullptr for a model without a class.
  const ClassMap* of_model(const ModelKey& model) const;
  const std::map<std::string, ModelKey, std::less<>>& classes() const { return classes_; }
  const std::map<std::string, ClassMap, std::less<>>& maps() const { return maps_; }
  /// The value of a `{"function": NAME}` default. Throws Error{unsupported} for an unknown name.
  /// `now` is the moment of `now` and `today`; this one unless given.
  Json default_of(const DefaultFunction& function, const Field& type,
                  std::optional<DateTime> now = {}) const;

 private:
  ProjectState state_;
  std::map<std::string, ModelKey, std::less<>> classes_;
  std::map<std::string, ClassMap, std::less<>> maps_;
  std::map<ModelKey, const ClassMap*> by_model_;
  std::map<std::string, std::function<Json()>> functions_;
};

}  // namespace turnstone
