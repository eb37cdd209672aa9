#pragma once

// Rows as objects, queries and transactions: everything of the ORM in one include.

#include <turnstone/orm/database.h>
#include <turnstone/orm/functions.h>
#include <turnstone/orm/lookups.h>
#include <turnstone/orm/objects.h>
#include <turnstone/orm/queryset.h>
#include <turnstone/orm/relations.h>
#include <turnstone/orm/session.h>
