// SPDX-License-Identifier: Apache-2.0
/* cli/archive_out.h: where an archive goes. */
#pragma once

#include "base/error.h"

/*
 * To standard output when file is NULL. What is there and no plain file (a pipe, a device) is written to; else the file appears whole or
 * not at all.
 */
int archive_out(const char *file, int (*write)(void *arg, int out, struct error *err), void *arg,
                struct error *err);
