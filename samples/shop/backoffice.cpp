#include <turnstone/turnstone.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "catalog/catalog.h"
#include "customers/customers.h"
#include "orders/orders.h"

// What the office of the shop does with its database:
//
// - `backoffice import orders.csv`: customers, products and orders of a file, all or nothing
// - `backoffice revenue`: what came in, month by month
// - `backoffice deliver PRODUCT 40`: puts things on the shelf
// - `backoffice sell PRODUCT 8 10`: 8 tills at once sell up to 10 each, never more than there are
//
// `--sql` in front prints every statement that runs. The database is that of SHOP_DATABASE_URL, or
// the file shop.db.

using namespace turnstone;
using namespace shop;
using catalog::Category;
using catalog::Product;
using customers::Customer;
using orders::Order;
using orders::OrderLine;
using orders::Status;

namespace {

// ---- the file

struct Line {
  std::string order, email, customer, category, product;
  Decimal price{};
  std::int32_t amount = 0;
  Date day{};
};

/// The fields of one line: commas between them, quotes around those that hold commas.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

Line line_of(const std::vector<std::string>& fields) {
  if (fields.size() != 8) throw std::runtime_error("8 fields are needed");
  const std::optional<Date> day = parse_date(fields[7]);
  if (!day) throw std::runtime_error("\"" + fields[7] + "\" is no date");
  return {.order = fields[0],
          .email = fields[1],
          .customer = fields[2],
          .category = fields[3],
          .product = fields[4],
          .price = Decimal::parse(fields[5]),
          .amount = std::stoi(fields[6]),
          .day = *day};
}

std::vector<Line> read_lines(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file);
  std::vector<Line> lines;
  std::string text;
  std::getline(in, text);  // the names of the columns
  for (int number = 2; std::getline(in, text); ++number) {
    try {
      lines.push_back(line_of(fields_of(text)));
    } catch (const std::exception& error) {
      throw std::runtime_error(file + ":" + std::to_string(number) + ": " + error.what());
    }
  }
  return lines;
}

// ---- import

/// Rows that lines name, each looked up once.
class Known {
 public:
  explicit Known(const Database& db) : db_(db) {}

  std::int64_t customer(const Line& line) {
    std::int64_t& id = customers_[line.email];
    if (id == 0) {
      id = db_.objects<Customer>()
               .get_or_create(F<&Customer::email> == line.email,
                              [&](Customer& made) { made.name = line.customer; })
               .first.id;
    }
    return id;
  }
  std::int64_t product(const Line& line) {
    std::int64_t& id = products_[line.product];
    if (id == 0) {
      id = db_.objects<Product>()
               .get_or_create(F<&Product::name> == line.product,
                              [&](Product& made) {
                                made.category = category(line);
                                made.price = line.price;
                              })
               .first.id;
    }
    return id;
  }

 private:
  std::int64_t category(const Line& line) {
    return db_.objects<Category>()
        .get_or_create(F<&Category::name> == line.category, [](Category&) {})
        .first.id;
  }
  const Database& db_;
  std::map<std::string, std::int64_t> customers_{};
  std::map<std::string, std::int64_t> products_{};
};

void import_orders(const Database& db, const std::string& file) {
  const std::vector<Line> lines = read_lines(file);
  std::vector<Order> orders;
  db.atomic([&] {
    Known known(db);
    std::map<std::string, std::size_t> numbers;
    std::vector<OrderLine> items;
    std::vector<Date> days;
    for (const Line& line : lines) {
      const auto [at, first] = numbers.emplace(line.order, orders.size());
      if (first) {
        Order& order = orders.emplace_back();
        order.id = Uuid::v7();
        order.customer = known.customer(line);
        order.status = Status::paid;
        days.push_back(line.day);
      }
      Order& order = orders[at->second];
      order.total = order.total + line.price * Decimal(line.amount);
      items.push_back({.order = order.id,
                       .product = known.product(line),
                       .amount = line.amount,
                       .unit_price = line.price});
    }
    db.objects<Order>().bulk_create(orders);
    db.objects<OrderLine>().bulk_create(items);
    // A new row's created_at is the time of now; these orders are older.
    for (std::size_t i = 0; i < orders.size(); ++i) orders[i].created_at = days[i];
    db.objects<Order>().bulk_update<&Order::created_at>(orders);
  });
  std::cout << orders.size() << " orders with " << lines.size() << " lines\n";
}

// ---- revenue

void print_revenue(const Database& db) {
  const auto month = date_trunc("month", F<&Order::created_at>);
  const auto months = db.objects<Order>()
                          .exclude(F<&Order::status> == Status::cancelled)
                          .order_by(asc(month))
                          .select(month, count(), sum(F<&Order::total>))
                          .all();
  for (const auto& [begin, orders, revenue] : months) {
    std::cout << to_text(begin).substr(0, 7) << "  " << orders << " orders  "
              << revenue.value_or(Decimal()).rounded(2).text() << "\n";
  }
}

// ---- stock

void deliver(const Database& db, const std::string& product, int amount) {
  const std::int64_t found = db.objects<Product>()
                                 .filter(F<&Product::name> == product)
                                 .update(F<&Product::stock>.set(F<&Product::stock> + amount));
  if (found == 0) throw DoesNotExist("there is no product " + product);
}

/// False when nothing is left.
bool sell_one(const Database& db, const std::string& name) {
  return db.atomic(
      [&] {
        Product product =
            db.objects<Product>().filter(F<&Product::name> == name).for_update().get();
        if (product.stock == 0) return false;
        --product.stock;
        db.save<&Product::stock>(product);
        return true;
      },
      {.retries = 50});
}

void sell(const Database& db, const std::string& product, int tills, int each) {
  std::atomic<int> sold = 0;
  std::vector<std::string> problems(static_cast<std::size_t>(tills));
  std::vector<std::thread> threads;
  for (int till = 0; till < tills; ++till) {
    threads.emplace_back([&, till] {
      try {
        for (int i = 0; i < each && sell_one(db, product); ++i) ++sold;
      } catch (const std::exception& error) {
        problems[static_cast<std::size_t>(till)] = error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& problem : problems) {
    if (!problem.empty()) throw std::runtime_error(problem);
  }
  const Product left = db.objects<Product>().get(F<&Product::name> == product);
  std::cout << sold << " sold, " << left.stock << " left\n";
}

int run(std::vector<std::string> words) {
  DatabaseOptions options;
  std::mutex printing;
  if (!words.empty() && words.front() == "--sql") {
    words.erase(words.begin());
    options.on_statement = [&](const Executed& executed) {
      const std::lock_guard lock(printing);
      std::cout << "-- " << executed.sql << "\n";
    };
  }
  const char* url = std::getenv("SHOP_DATABASE_URL");
  const Database db(url ? url : "sqlite:///shop.db",
                    {catalog::app(), customers::app(), orders::app()}, options);
  const std::string command = words.empty() ? "" : words[0];
  if (command == "import" && words.size() == 2) {
    import_orders(db, words[1]);
  } else if (command == "revenue" && words.size() == 1) {
    print_revenue(db);
  } else if (command == "deliver" && words.size() == 3) {
    deliver(db, words[1], std::stoi(words[2]));
  } else if (command == "sell" && words.size() == 4) {
    sell(db, words[1], std::stoi(words[2]), std::stoi(words[3]));
  } else {
    std::cerr << "usage: backoffice [--sql] import FILE | revenue | deliver PRODUCT AMOUNT | sell "
                 "PRODUCT TILLS EACH\n";
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    std::cerr << "backoffice: " << error.text() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "backoffice: " << error.what() << "\n";
  }
  return 1;
}
