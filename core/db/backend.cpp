#include <turnstone/db/dialect.h>

namespace turnstone {

Schema Backend::normalised(Connection&, const Schema& schema) const { return schema; }

Schema Backend::comparable(const Schema& schema) const { return schema; }

}  // namespace turnstone
