#include "customers/customers.h"

namespace shop::customers {

using namespace turnstone;

void Customer::describe(Model<Customer>& m) {
  m.inherit<TimeStamped>();
  m.field<&Customer::id>().primary_key();
  m.field<&Customer::name>().max_length(120);
  m.field<&Customer::email>().type("EmailField").unique();
  m.field<&Customer::city>().max_length(120).blank();
  m.field<&Customer::last_order>().on_delete(SET_NULL).related_name("+");
}

App app() { return App("customers").models<Customer>(); }

}  // namespace shop::customers
