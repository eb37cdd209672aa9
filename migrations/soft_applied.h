#pragma once

#include <turnstone/migrations/compile.h>

namespace turnstone::migrations {

/// True when `--fake-initial` may record `migration` without running it: it is initial, it makes
/// models or fields, and the tables and columns of all of them are there. Types are not compared.
/// `before` is the moment it starts from. Source: Django's `detect_soft_applied`,
/// `django-behaviour.md` §6.6.
bool soft_applied(const Migration& migration, const Moment& before, Connection& connection,
                  const Backend& backend);

}  // namespace turnstone::migrations
