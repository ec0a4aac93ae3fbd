// SPDX-License-Identifier: Apache-2.0
/* cli/paths.h: paths as typed. */
#pragma once

#include "base/error.h"

/* path, made absolute by the current directory. Caller frees. */
int path_absolute(const char *path, char **ret, struct error *err);
/* "error", "warn" ("warning"), "info", "debug". */
int log_level_parse(const char *name, int *ret);
