#pragma once

#include <turnstone/error.h>
#include <turnstone/model/model.h>
#include <turnstone/model/operand.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// The builder behind `describe`. Templates check types and take down names; everything else is
// compiled once, in `core/model/describe.cpp`. Option functions are instantiated per type of
// member, not per member.

namespace turnstone {

inline constexpr OnDelete CASCADE = OnDelete::cascade;
inline constexpr OnDelete PROTECT = OnDelete::protect;
inline constexpr OnDelete RESTRICT = OnDelete::restrict;
inline constexpr OnDelete SET_NULL = OnDelete::set_null;
inline constexpr OnDelete SET_DEFAULT = OnDelete::set_default;
inline constexpr OnDelete DO_NOTHING = OnDelete::do_nothing;

/// How a row object's member is reached. The base for reading and writing rows.
struct MemberAccess {
  std::string field{};
  const MemberKey* key = nullptr;
  const MemberType* type = nullptr;
  std::size_t offset = 0;  ///< bytes from the beginning of the object
};

/// A class as its `describe` tells it.
struct DescribedModel {
  /// References are C++ classes, `::shop::Book`, until the registry knows all apps.
  ModelState state{};
  std::string class_name{};             ///< `shop::Book`
  std::vector<MemberAccess> members{};  ///< in the order of description, mixins in their place
  /// Classes of concrete bases (`bases<>`) and where they lie in an object.
  std::vector<std::pair<std::string, std::size_t>> bases{};
  std::shared_ptr<void> (*make)() = nullptr;  ///< a new object, as its initializers leave it
};

namespace detail {

/// A field while its options are being told.
struct FieldDraft {
  Field field{};
  const MemberType* type = nullptr;
  const MemberKey* key = nullptr;
  const void* member = nullptr;  ///< in a default-constructed object
  std::size_t offset = 0;
  bool typed = false;   ///< `.type()` was said
  std::string where{};  ///< `shop.Book.title`, for messages
};

// What needs no type. Declared here, compiled once.
void set_type(FieldDraft& draft, const std::string& name);
void set_member_default(FieldDraft& draft);
/// The field with everything that follows from the member's type.
Field finished_field(const FieldDraft& draft);
/// `::shop::Book`: a class until the registry knows its model.
std::string class_reference(std::string_view name);

}  // namespace detail

/// Options of one field: those of `formats.md` §3, each by its own name (`default_value` for
/// `default`). `T` is the member's type. An option that the type cannot have does not compile; one
/// that `.type(…)` rules out is an Error{bad_model} when the model is declared.
template <class T>
class FieldBuilder {
  using Bare = without_optional<T>;
  static constexpr bool has_column = !ManyToManyMember<Bare>;
  static constexpr bool is_plain = PlainMember<Bare>;

 public:
  explicit FieldBuilder(std::shared_ptr<detail::FieldDraft> draft) : draft_(std::move(draft)) {}

  /// Narrows the type that follows from the member: `SlugField`, `EmailField`, `URLField` … for a
  /// text, `PositiveIntegerField`, `AutoField` … for an integer, `HStoreField` for JSON.
  const FieldBuilder& type(const std::string& name) const {
    static_assert(is_plain, "turnstone: type() narrows plain members; a relation has its own type");
    detail::set_type(*draft_, name);
    return *this;
  }
  /// A column type that Django lacks, for both databases or for one.
  const FieldBuilder& db_type(const std::string& type) const { return db_type("", type); }
  const FieldBuilder& db_type(const std::string& database, const std::string& type) const {
    static_assert(is_plain, "turnstone: db_type() needs a plain member, no relation");
    field().db_type[database] = type;
    return *this;
  }

  /// A signed integer becomes an AutoField of its size unless `type` says otherwise.
  const FieldBuilder& primary_key() const {
    static_assert(has_column, "turnstone: primary_key() needs a member with a column");
    static_assert(!detail::Unwrapped<T>::is_optional,
                  "turnstone: primary_key() cannot be std::optional, a key is never NULL");
    field().primary_key = true;
    return *this;
  }
  const FieldBuilder& unique(bool value = true) const {
    static_assert(has_column, "turnstone: unique() needs a member with a column");
    field().unique = value;
    return *this;
  }
  const FieldBuilder& db_index(bool value = true) const {
    static_assert(has_column, "turnstone: db_index() needs a member with a column");
    field().db_index = value;
    return *this;
  }
  /// Only repeats what `std::optional` says.
  const FieldBuilder& null() const {
    static_assert(detail::Unwrapped<T>::is_optional,
                  "turnstone: null() needs a std::optional member, nothing else can hold NULL");
    return *this;
  }

  // Defaults.
  /// Fills rows when the column is added, and new rows; it never stays in the database.
  template <class V>
  const FieldBuilder& default_value(const V& value) const {
    constexpr bool fits = has_column && is_value_for<T, std::decay_t<const V>>();
    static_assert(fits, "turnstone: default_value() does not fit the type of the member");
    if constexpr (fits) {
      field().default_value = Default(detail::json_value<T, std::decay_t<const V>>(value));
    }
    return *this;
  }
  /// `now`, `today`, `uuid4`, or one registered with the App.
  const FieldBuilder& default_function(const std::string& name) const {
    static_assert(is_plain, "turnstone: default_function() needs a plain member, no relation");
    field().default_value = Default(DefaultFunction{name});
    return *this;
  }
  /// Takes the member's initializer in the struct as default. Never taken without being asked.
  const FieldBuilder& member_default() const {
    static_assert(is_plain, "turnstone: member_default() needs a plain member, no relation");
    detail::set_member_default(*draft_);
    return *this;
  }
  /// A default that the database keeps: a value or an expression.
  template <class V>
  const FieldBuilder& db_default(const V& value) const {
    static_assert(has_column, "turnstone: db_default() needs a member with a column");
    constexpr bool fits = detail::fits_beside<T, V>();
    static_assert(fits, "turnstone: db_default() does not fit the type of the member");
    if constexpr (fits) field().db_default = detail::operand_of<T>(value);
    return *this;
  }
  const FieldBuilder& auto_now() const {
    static_assert(TimeMember<Bare>, "turnstone: auto_now() needs a Date, Time or DateTime member");
    field().auto_now = true;
    return *this;
  }
  const FieldBuilder& auto_now_add() const {
    static_assert(TimeMember<Bare>,
                  "turnstone: auto_now_add() needs a Date, Time or DateTime member");
    field().auto_now_add = true;
    return *this;
  }

  // Columns.
  const FieldBuilder& db_column(const std::string& name) const {
    static_assert(has_column, "turnstone: db_column() needs a member with a column");
    field().db_column = name;
    return *this;
  }
  const FieldBuilder& db_comment(const std::string& text) const {
    static_assert(has_column, "turnstone: db_comment() needs a member with a column");
    field().db_comment = text;
    return *this;
  }
  const FieldBuilder& db_collation(const std::string& name) const {
    static_assert(text_column(), "turnstone: db_collation() needs a std::string member");
    field().db_collation = name;
    return *this;
  }
  const FieldBuilder& db_tablespace(const std::string& name) const {
    field().db_tablespace = name;
    return *this;
  }
  /// Name of the `primary_key`, `unique`, `foreign_key`, `index`, `like` or `check` that the column
  /// brings with it, where it is not the one Turnstone makes.
  const FieldBuilder& db_name(const std::string& kind, const std::string& name) const {
    static_assert(has_column, "turnstone: db_name() needs a member with a column");
    field().db_names[kind] = name;
    return *this;
  }
  /// Of automatic keys: `always` (PostgreSQL takes no other value), `rowid` (SQLite without
  /// AUTOINCREMENT).
  const FieldBuilder& db_identity(const std::string& kind) const {
    static_assert(is_plain, "turnstone: db_identity() needs a plain member, no relation");
    field().db_identity = kind;
    return *this;
  }
  /// A std::string becomes a CharField by it. In characters; of Bytes, in bytes.
  const FieldBuilder& max_length(int value) const {
    static_assert(text_column() || std::same_as<Bare, Bytes>,
                  "turnstone: max_length() needs a std::string, Bytes or text enum member");
    field().max_length = value;
    return *this;
  }
  /// `precision` digits, `scale` of them behind the point.
  const FieldBuilder& digits(int precision, int scale) const {
    static_assert(std::same_as<Bare, Decimal>, "turnstone: digits() needs a Decimal member");
    return max_digits(precision).decimal_places(scale);
  }
  const FieldBuilder& max_digits(int value) const {
    static_assert(std::same_as<Bare, Decimal>, "turnstone: max_digits() needs a Decimal member");
    field().max_digits = value;
    return *this;
  }
  const FieldBuilder& decimal_places(int value) const {
    static_assert(std::same_as<Bare, Decimal>,
                  "turnstone: decimal_places() needs a Decimal member");
    field().decimal_places = value;
    return *this;
  }
  /// Of a GenericIPAddressField: `IPv4`, `IPv6` or `both`.
  const FieldBuilder& protocol(const std::string& name) const {
    static_assert(TextMember<Bare>, "turnstone: protocol() needs a std::string member");
    field().protocol = name == "both" ? "" : name;
    return *this;
  }
  /// Of range fields: `[)` and its kin.
  const FieldBuilder& default_bounds(const std::string& bounds) const {
    static_assert(TextMember<Bare>, "turnstone: default_bounds() needs a std::string member");
    field().default_bounds = bounds;
    return *this;
  }

  // Choices. An enum brings its own.
  template <class V>
  const FieldBuilder& choices(std::initializer_list<V> values) const {
    constexpr bool fits = is_plain && is_value_for<T, V>();
    static_assert(fits, "turnstone: choices() do not fit the type of the member");
    if constexpr (fits) {
      field().choices.clear();
      for (const V& value : values) field().choices.push_back(detail::json_value<T, V>(value));
    }
    return *this;
  }
  /// Puts a CHECK on the column that admits the choices alone.
  const FieldBuilder& choices_check(bool value = true) const {
    static_assert(is_plain, "turnstone: choices_check() needs a plain member, no relation");
    field().choices_check = value;
    return *this;
  }

  // Relations.
  const FieldBuilder& on_delete(OnDelete rule) const {
    static_assert(KeyMember<Bare>, "turnstone: on_delete() needs a ForeignKey or OneToOne member");
    field().on_delete = rule;
    return *this;
  }
  /// Rows get this key when the row they refer to goes (Django's SET).
  template <class V>
  const FieldBuilder& on_delete_set(const V& value) const {
    static_assert(KeyMember<Bare>,
                  "turnstone: on_delete_set() needs a ForeignKey or OneToOne member");
    constexpr bool fits = is_value_for<T, std::decay_t<const V>>();
    static_assert(fits, "turnstone: on_delete_set() does not fit the key");
    if constexpr (fits) {
      field().on_delete = OnDelete::set;
      field().on_delete_value = detail::json_value<T, std::decay_t<const V>>(value);
    }
    return *this;
  }
  /// Puts the rule of on_delete into the database.
  const FieldBuilder& db_on_delete(bool value = true) const {
    static_assert(KeyMember<Bare>,
                  "turnstone: db_on_delete() needs a ForeignKey or OneToOne member");
    field().db_on_delete = value;
    return *this;
  }
  /// `CASCADE`, `RESTRICT`, `SET_NULL` or `SET_DEFAULT`: what the database does to the key when the
  /// one it refers to changes.
  const FieldBuilder& db_on_update(const std::string& rule) const {
    static_assert(KeyMember<Bare>,
                  "turnstone: db_on_update() needs a ForeignKey or OneToOne member");
    field().db_on_update = rule;
    return *this;
  }
  /// When the database checks the key: `deferred` (at the end of a transaction, as usual),
  /// `immediate` (unless a transaction says otherwise), or `no`.
  const FieldBuilder& db_deferrable(const std::string& when) const {
    static_assert(KeyMember<Bare>,
                  "turnstone: db_deferrable() needs a ForeignKey or OneToOne member");
    field().db_deferrable = when;
    return *this;
  }
  const FieldBuilder& related_name(const std::string& name) const {
    static_assert(RelationMember<Bare>, "turnstone: related_name() needs a relation");
    field().related_name = name;
    return *this;
  }
  const FieldBuilder& related_query_name(const std::string& name) const {
    static_assert(RelationMember<Bare>, "turnstone: related_query_name() needs a relation");
    field().related_query_name = name;
    return *this;
  }
  /// The unique field of the target that the key holds; its primary key unless given.
  template <auto P>
  const FieldBuilder& to_field() const {
    static_assert(KeyMember<Bare>, "turnstone: to_field() needs a ForeignKey or OneToOne member");
    if constexpr (KeyMember<Bare>) {
      static_assert(std::is_base_of_v<member_class<P>, typename Bare::Target>,
                    "turnstone: to_field() names a member of the class the relation points to");
      static_assert(std::same_as<stored_type<member_type<P>>, typename Bare::Key>,
                    "turnstone: to_field() has another type than the key of the relation");
    }
    return to_field(std::string(member_key<P>.name));
  }
  const FieldBuilder& to_field(const std::string& name) const {
    static_assert(KeyMember<Bare>, "turnstone: to_field() needs a ForeignKey or OneToOne member");
    field().to_field = name;
    return *this;
  }
  const FieldBuilder& db_constraint(bool value) const {
    static_assert(RelationMember<Bare>, "turnstone: db_constraint() needs a relation");
    field().db_constraint = value;
    return *this;
  }
  const FieldBuilder& parent_link(bool value = true) const {
    static_assert(detail::RelationOf<Bare>::type == FieldType::one_to_one,
                  "turnstone: parent_link() needs a OneToOne member");
    field().parent_link = value;
    return *this;
  }
  const FieldBuilder& swappable(const std::string& setting) const {
    static_assert(RelationMember<Bare>, "turnstone: swappable() needs a relation");
    field().swappable = setting;
    return *this;
  }
  /// Table of the links of a ManyToMany.
  const FieldBuilder& db_table(const std::string& name) const {
    static_assert(ManyToManyMember<Bare>, "turnstone: db_table() needs a ManyToMany member");
    field().db_table = name;
    return *this;
  }
  /// The model whose rows are the links.
  template <class Link>
  const FieldBuilder& through() const {
    static_assert(ManyToManyMember<Bare>, "turnstone: through() needs a ManyToMany member");
    field().through = detail::class_reference(class_name<Link>());
    return *this;
  }
  /// The keys of the link to this model and to the target.
  template <auto Source, auto Target>
  const FieldBuilder& through_fields() const {
    static_assert(ManyToManyMember<Bare>, "turnstone: through_fields() needs a ManyToMany member");
    field().through_fields = {std::string(member_key<Source>.name),
                              std::string(member_key<Target>.name)};
    return *this;
  }

  // Arrays and generated columns.
  /// Options of the items: `.base_field(column<std::string>().max_length(20))`.
  template <class Item>
  const FieldBuilder& base_field(const FieldBuilder<Item>& item) const {
    static_assert(ArrayMember<Bare>, "turnstone: base_field() needs a std::vector member");
    if constexpr (ArrayMember<Bare>) {
      static_assert(std::same_as<Item, typename Bare::value_type>,
                    "turnstone: base_field() has another type than the items of the member");
    }
    field().base_field = std::make_shared<const Field>(item.finished());
    return *this;
  }
  const FieldBuilder& size(int value) const {
    static_assert(ArrayMember<Bare>, "turnstone: size() needs a std::vector member");
    field().size = value;
    return *this;
  }
  /// Makes it a GeneratedField: the database computes the column, the member's type and options
  /// are those of the result.
  template <Operand X>
  const FieldBuilder& expression(const X& x) const {
    static_assert(is_plain, "turnstone: expression() needs a plain member, no relation");
    constexpr bool fits = detail::fits_beside<T, X>();
    static_assert(fits, "turnstone: expression() gives another type than the member has");
    if constexpr (fits) field().expression = x.expression();
    return *this;
  }
  const FieldBuilder& db_persist(bool value) const {
    static_assert(is_plain, "turnstone: db_persist() needs a plain member, no relation");
    field().db_persist = value;
    return *this;
  }

  // What matters to no column.
  /// An empty form value is allowed, so an added text column needs no default.
  const FieldBuilder& blank(bool value = true) const {
    field().blank = value;
    return *this;
  }
  /// Its former name: `makemigrations` renames instead of asking.
  const FieldBuilder& renamed_from(const std::string& name) const {
    field().renamed_from = name;
    return *this;
  }
  /// Accepted and without effect, as in model files: rules of forms and words for people.
  const FieldBuilder& unique_for_date(std::string_view) const { return *this; }
  const FieldBuilder& unique_for_month(std::string_view) const { return *this; }
  const FieldBuilder& unique_for_year(std::string_view) const { return *this; }
  const FieldBuilder& verbose_name(std::string_view) const { return *this; }
  const FieldBuilder& help_text(std::string_view) const { return *this; }
  const FieldBuilder& editable(bool) const { return *this; }

  /// The field as declared so far.
  Field finished() const { return detail::finished_field(*draft_); }

 private:
  static constexpr bool text_column() {
    if constexpr (EnumMember<Bare>) {
      return detail::has_text_codes<Bare>();
    } else {
      return TextMember<Bare>;
    }
  }
  Field& field() const { return draft_->field; }

  std::shared_ptr<detail::FieldDraft> draft_;
};

/// A column that belongs to no model: the items of an array, the target of a cast.
template <class T>
FieldBuilder<T> column() {
  static_assert(PlainMember<without_optional<T>>,
                "turnstone: column<> takes a type that has a column");
  auto draft = std::make_shared<detail::FieldDraft>();
  draft->type = &member_type_of<T>;
  return FieldBuilder<T>(std::move(draft));
}

template <Operand X, class T>
Computed<without_optional<T>> cast(const X& x, const FieldBuilder<T>& target) {
  Expression call = Expression::call("cast", {x.expression()});
  call.type = std::make_shared<const Field>(target.finished());
  return Computed<without_optional<T>>(std::move(call));
}
template <class T, Operand X>
Computed<T> cast(const X& x) {
  return cast(x, column<T>());
}

/// Further options of an index.
class IndexBuilder {
 public:
  explicit IndexBuilder(std::shared_ptr<Index> index) : index_(std::move(index)) {}

  /// Only rows that meet it are in the index.
  template <Operand C>
  const IndexBuilder& condition(const C& condition) const {
    static_assert(detail::is_condition<C>(), "turnstone: condition() takes a condition");
    index_->condition = condition.expression();
    return *this;
  }
  template <auto... P>
  const IndexBuilder& include() const {
    index_->include = {std::string(member_key<P>.name)...};
    return *this;
  }
  /// `GinIndex`, `BrinIndex` …; a b-tree unless given.
  const IndexBuilder& type(const std::string& name) const;
  const IndexBuilder& opclasses(std::vector<std::string> names) const;
  const IndexBuilder& db_tablespace(const std::string& name) const;
  /// A storage parameter of PostgreSQL: `fillfactor`, `fastupdate`, `pages_per_range` …
  const IndexBuilder& parameter(const std::string& name, const Json& value) const;
  const IndexBuilder& parameter(const std::string& name, int value) const {
    return parameter(name, Json::of(value));
  }
  const IndexBuilder& parameter(const std::string& name, bool value) const {
    return parameter(name, Json::of(value));
  }

 private:
  std::shared_ptr<Index> index_;
};

/// Further options of a unique constraint.
class UniqueBuilder {
 public:
  explicit UniqueBuilder(std::shared_ptr<Constraint> constraint)
      : constraint_(std::move(constraint)) {}

  /// Only rows that meet it are compared.
  template <Operand C>
  const UniqueBuilder& condition(const C& condition) const {
    static_assert(detail::is_condition<C>(), "turnstone: condition() takes a condition");
    unique().condition = condition.expression();
    return *this;
  }
  template <auto... P>
  const UniqueBuilder& include() const {
    unique().include = {std::string(member_key<P>.name)...};
    return *this;
  }
  const UniqueBuilder& deferrable(Deferrable when) const;
  const UniqueBuilder& opclasses(std::vector<std::string> names) const;
  const UniqueBuilder& nulls_distinct(bool value) const;
  /// SQLite: UNIQUE inside of the table, where Turnstone makes a unique index.
  const UniqueBuilder& in_table(bool value = true) const;

 private:
  UniqueConstraint& unique() const { return std::get<UniqueConstraint>(*constraint_); }
  std::shared_ptr<Constraint> constraint_;
};

/// Further options of an exclusion constraint.
class ExclusionBuilder {
 public:
  explicit ExclusionBuilder(std::shared_ptr<Constraint> constraint)
      : constraint_(std::move(constraint)) {}

  template <Operand C>
  const ExclusionBuilder& condition(const C& condition) const {
    static_assert(detail::is_condition<C>(), "turnstone: condition() takes a condition");
    exclusion().condition = condition.expression();
    return *this;
  }
  template <auto... P>
  const ExclusionBuilder& include() const {
    exclusion().include = {std::string(member_key<P>.name)...};
    return *this;
  }
  /// `GIST` unless given, or `SPGIST`.
  const ExclusionBuilder& index_type(const std::string& name) const;
  const ExclusionBuilder& deferrable(Deferrable when) const;

 private:
  ExclusionConstraint& exclusion() const { return std::get<ExclusionConstraint>(*constraint_); }
  std::shared_ptr<Constraint> constraint_;
};

template <class M>
class Model;

namespace detail {

/// Takes down what `describe` functions tell: one for a model and all its mixins.
class ModelDraft {
 public:
  ModelDraft(std::string app, std::string_view class_name, const void* object);

  std::shared_ptr<FieldDraft> add_field(const MemberKey& key, const MemberType& type,
                                        const void* member);
  std::shared_ptr<Index> add_index(std::vector<OrderTerm> terms, const std::string& name);
  std::shared_ptr<Constraint> add_constraint(Constraint constraint);
  UniqueConstraint unique_over(std::vector<OrderTerm> terms, const std::string& name) const;
  void set_primary_key(std::vector<std::string> fields, const std::string& name);
  void set_ordering(const std::vector<OrderTerm>& terms);
  void add_base(std::string_view class_name, const void* base);
  void set_name(const std::string& name) { state_.name = name; }
  Options& options() { return state_.options; }

  /// Names the model in an error that names no place.
  void locate(Error& error) const;
  /// Everything told, made whole. Throws Error{bad_model}.
  DescribedModel finish() const;

 private:
  std::string where() const { return state_.app + "." + state_.name; }

  ModelState state_{};
  std::string class_name_{};
  const void* object_ = nullptr;
  std::vector<std::shared_ptr<FieldDraft>> fields_{};
  std::vector<std::string> primary_key_{};
  std::string primary_key_name_{};
  std::vector<std::shared_ptr<Index>> indexes_{};
  std::vector<std::shared_ptr<Constraint>> constraints_{};
  std::vector<std::pair<std::string, std::size_t>> bases_{};
};

/// Calls `M::describe`, or `turnstone_describe` beside a class that is not one's own.
template <class M>
void call_describe(Model<M>& model) {
  if constexpr (requires { M::describe(model); }) {
    M::describe(model);
  } else if constexpr (requires { turnstone_describe(model); }) {
    turnstone_describe(model);
  } else {
    static_assert(sizeof(M) == 0,
                  "turnstone: the class has no static void describe(turnstone::Model<M>&)");
  }
}

}  // namespace detail

/// What a `describe` function talks to.
///
///     void Book::describe(turnstone::Model<Book>& m) {
///       m.inherit<TimeStamped>();
///       m.field<&Book::title>().max_length(200).db_index();
///       m.check("price_gte_0", F<&Book::price> >= 0);
///     }
///
/// A member that is not described is not a column. `describe` touches no database and may be
/// called any number of times. The class must be default-constructible.
template <class M>
class Model {
 public:
  Model(detail::ModelDraft& draft, const M& object) : draft_(draft), object_(object) {}

  /// A column, or a many-to-many relation; options follow on what comes back.
  template <auto P>
  auto field() {
    using Pointer = decltype(P);
    static_assert(DataMember<Pointer>,
                  "turnstone: field<> takes a pointer to a data member, as field<&Book::title>()");
    if constexpr (DataMember<Pointer>) {
      using T = member_type<P>;
      constexpr bool own = std::is_base_of_v<member_class<P>, M>;
      static_assert(own,
                    "turnstone: field<> names a member of a class this model does not derive from");
      static_assert(MappedMember<T>,
                    "turnstone: the type of this member has no column; an enum needs a "
                    "turnstone_choices function beside it");
      if constexpr (own && MappedMember<T>) {
        return FieldBuilder<T>(draft_.add_field(member_key<P>, member_type_of<T>, &(object_.*P)));
      }
    }
  }

  /// Fields, indexes, constraints and options of a mixin (Django's abstract base), in this place.
  template <class Base>
  void inherit() {
    static_assert(std::is_base_of_v<Base, M> && !std::same_as<Base, M>,
                  "turnstone: inherit<> takes a base class of the model");
    Model<Base> base(draft_, object_);
    detail::call_describe(base);
  }
  /// Models with a table of their own that this one extends (Django's multi-table inheritance).
  /// Their fields are not described again.
  template <class... Bases>
  void bases() {
    static_assert((std::is_base_of_v<Bases, M> && ...),
                  "turnstone: bases<> takes base classes of the model");
    (draft_.add_base(class_name<Bases>(), static_cast<const Bases*>(&object_)), ...);
  }

  /// The key that several columns make together, with a name where it is not the one Turnstone
  /// makes.
  template <auto... P>
  void primary_key(const std::string& name = {}) {
    static_assert(
        sizeof...(P) > 1,
        "turnstone: primary_key<> takes two members or more; else field<>().primary_key()");
    require_own<P...>();
    draft_.set_primary_key(names<P...>(), name);
  }
  /// An index over columns; without a name, Django's.
  template <auto... P>
  IndexBuilder index(const std::string& name = {}) {
    require_own<P...>();
    return IndexBuilder(draft_.add_index({F<P>...}, name));
  }
  /// An index over columns in an order, or over expressions:
  /// `m.index({desc(F<&Book::published>), lower(F<&Book::title>)}, "book_recent")`.
  IndexBuilder index(std::vector<OrderTerm> terms, const std::string& name = {}) {
    return IndexBuilder(draft_.add_index(std::move(terms), name));
  }
  /// A UniqueConstraint over columns.
  template <auto... P>
  UniqueBuilder unique(const std::string& name) {
    require_own<P...>();
    return UniqueBuilder(draft_.add_constraint(draft_.unique_over({F<P>...}, name)));
  }
  /// A UniqueConstraint over expressions.
  UniqueBuilder unique(const std::string& name, std::vector<OrderTerm> terms) {
    return UniqueBuilder(draft_.add_constraint(draft_.unique_over(std::move(terms), name)));
  }
  /// With a name, a UniqueConstraint; without, Django's `unique_together`.
  template <auto... P>
  void unique_together(const std::string& name) {
    unique<P...>(name);
  }
  template <auto... P>
  void unique_together() {
    require_own<P...>();
    draft_.options().unique_together.push_back(names<P...>());
  }
  template <Operand C>
  void check(const std::string& name, const C& condition) {
    static_assert(detail::is_condition<C>(), "turnstone: check() takes a condition");
    draft_.add_constraint(CheckConstraint{.name = name, .condition = condition.expression()});
  }
  /// No two rows for which all operators hold: `m.exclusion("no_overlap", {{F<&Stay::room>, "="},
  /// {F<&Stay::period>, "&&"}})`.
  ExclusionBuilder exclusion(const std::string& name,
                             std::vector<std::pair<Expression, std::string>> expressions) {
    return ExclusionBuilder(draft_.add_constraint(
        ExclusionConstraint{.name = name, .expressions = std::move(expressions)}));
  }

  // Meta.
  /// The model's name; the class's own unless given.
  void name(const std::string& name) { draft_.set_name(name); }
  void db_table(const std::string& name) { draft_.options().db_table = name; }
  void db_table_comment(const std::string& text) { draft_.options().db_table_comment = text; }
  void db_tablespace(const std::string& name) { draft_.options().db_tablespace = name; }
  void ordering(const std::vector<OrderTerm>& terms) { draft_.set_ordering(terms); }
  template <auto P>
  void order_with_respect_to() {
    require_own<P>();
    draft_.options().order_with_respect_to = std::string(member_key<P>.name);
  }
  /// False: the table is somebody else's, migrations leave it alone.
  void managed(bool value) { draft_.options().managed = value; }
  void proxy(bool value = true) { draft_.options().proxy = value; }
  void abstract(bool value = true) { draft_.options().abstract = value; }
  void swappable(const std::string& setting) { draft_.options().swappable = setting; }
  void base_manager_name(const std::string& name) { draft_.options().base_manager_name = name; }
  /// Its former name: `makemigrations` renames instead of asking.
  void renamed_from(const std::string& name) { draft_.options().renamed_from = name; }
  void verbose_name(std::string_view) {}
  void verbose_name_plural(std::string_view) {}

 private:
  template <auto... P>
  static constexpr void require_own() {
    static_assert((DataMember<decltype(P)> && ...),
                  "turnstone: a column is named by a pointer to a data member, as &Book::title");
    static_assert((std::is_base_of_v<member_class<P>, M> && ...),
                  "turnstone: the member belongs to a class this model does not derive from");
  }
  template <auto... P>
  static std::vector<std::string> names() {
    return {std::string(member_key<P>.name)...};
  }

  detail::ModelDraft& draft_;
  const M& object_;
};

}  // namespace turnstone
