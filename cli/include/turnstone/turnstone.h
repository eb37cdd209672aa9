#pragma once

// Everything of Turnstone in one include.

#include <turnstone/app.h>
#include <turnstone/error.h>
#include <turnstone/manage.h>
#include <turnstone/migrator.h>
#include <turnstone/models.h>
#include <turnstone/orm.h>
#include <turnstone/values.h>
