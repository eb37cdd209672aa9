#include "orm_work.h"

#include <random>

namespace turnstone::bench {

void Item::describe(Model<Item>& m) {
  m.field<&Item::id>().primary_key();
  m.field<&Item::name>().max_length(60);
  m.field<&Item::quantity>();
  m.field<&Item::weight>();
  m.field<&Item::active>();
  m.field<&Item::note>();
}

void Shelf::describe(Model<Shelf>& m) {
  m.field<&Shelf::id>().primary_key();
  m.field<&Shelf::name>().max_length(60);
}

void Book::describe(Model<Book>& m) {
  m.field<&Book::id>().primary_key();
  m.field<&Book::title>().max_length(60);
  m.field<&Book::shelf>().on_delete(CASCADE);
}

void Chapter::describe(Model<Chapter>& m) {
  m.field<&Chapter::id>().primary_key();
  m.field<&Chapter::title>().max_length(60);
  m.field<&Chapter::book>().on_delete(CASCADE);
}

App bench_app() { return App("bench").models<Item, Shelf, Book, Chapter>(); }

std::vector<Item> make_items(std::size_t rows) {
  std::vector<Item> items(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    Item& item = items[i];
    item.name = "Item number " + std::to_string(i * 7919 % 1000003);
    item.quantity = static_cast<std::int32_t>(i * 31 % 10007);
    item.weight = static_cast<double>(i % 997) * 0.125;
    item.active = i % 3 != 0;
    if (i % 2 == 0) item.note = "a note on item " + std::to_string(i);
  }
  return items;
}

std::int64_t checksum(const std::vector<Item>& items) {
  std::int64_t sum = 0;
  for (const Item& item : items) {
    sum += item.id + item.quantity + static_cast<std::int64_t>(item.weight * 8) +
           static_cast<std::int64_t>(item.name.size()) + (item.active ? 1 : 0) +
           (item.note ? static_cast<std::int64_t>(item.note->size()) : -1);
  }
  return sum;
}

std::vector<std::int64_t> some_keys(std::size_t rows, std::size_t count) {
  std::minstd_rand random(7);
  std::vector<std::int64_t> keys;
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back(1 + static_cast<std::int64_t>(random() % rows));
  }
  return keys;
}

}  // namespace turnstone::bench
