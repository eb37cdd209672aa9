#include <turnstone/db/connection.h>

namespace turnstone {

Transaction::Transaction(Connection& connection, std::string_view begin) : connection_(connection) {
  connection_.execute(begin);
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    rollback();
  } catch (const std::exception&) {
    // The connection is gone, and with it the transaction.
  }
}

void Transaction::commit() {
  open_ = false;
  try {
    connection_.execute("COMMIT");
  } catch (const DatabaseError& error) {
    if (!connection_.alive()) {
      throw Error(ErrorKind::in_doubt,
                  "the commit may or may not have happened: " + std::string(error.what()));
    }
    if (connection_.in_transaction()) connection_.execute("ROLLBACK");
    throw;
  }
}

void Transaction::rollback() {
  open_ = false;
  if (connection_.alive() && connection_.in_transaction()) connection_.execute("ROLLBACK");
}

}  // namespace turnstone
