#include "catalog/catalog.h"

namespace shop::catalog {

using namespace turnstone;

void Category::describe(Model<Category>& m) {
  m.field<&Category::id>().primary_key();
  m.field<&Category::name>().max_length(80).unique();
  m.field<&Category::parent>().on_delete(SET_NULL).related_name("children");
}

void Product::describe(Model<Product>& m) {
  m.inherit<TimeStamped>();
  m.field<&Product::id>().primary_key();
  m.field<&Product::name>().max_length(200).db_index();
  m.field<&Product::category>().on_delete(PROTECT).related_name("products");
  m.field<&Product::price>().digits(10, 2);
  m.field<&Product::stock>().member_default();  // takes "= 0" from the struct
  m.field<&Product::curator>().on_delete(SET_NULL).related_name("curated_products");
  m.check("product_price_gte_0", F<&Product::price> >= 0);
  m.ordering({asc(F<&Product::name>)});
}

App app() { return App("catalog").models<Category, Product>(); }

}  // namespace shop::catalog
