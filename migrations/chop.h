#pragma once

#include <turnstone/migrations/autodetector.h>

#include "dependencies.h"

namespace turnstone::migrations {

/// Cuts operations, already in order within each app, into migrations so that each can depend on
/// whole others: one per app where that goes, more where apps refer to each other in a circle.
/// The migrations have operations, dependencies on other apps and `initial`; a number, counted from
/// 1 in each app, stands for the name. Throws Error{conflict} where there is no way.
/// `django-behaviour.md` §5.6.
std::map<std::string, std::vector<Migration>> chop(FoundByApp found,
                                                   const ExistingMigrations& existing);

}  // namespace turnstone::migrations
