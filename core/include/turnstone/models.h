#pragma once

#include <turnstone/model/model.h>

namespace turnstone {

/// The model a class describes, as declared in app `label`.
template <class M>
ModelState declared_model(const std::string& label);

}  // namespace turnstone
