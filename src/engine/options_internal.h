// SPDX-License-Identifier: Apache-2.0
/* engine/options_internal.h: what the option parsers share with each other and with nobody else. */
#pragma once

#include "engine/options.h"

/* One CSV record into fields (Go's encoding/csv). */
int csv_split(struct arena *a, const char *text, struct oci_strings *ret, struct error *err);
/* Splits at every separator; there is always at least one part, which may be "". Returns how many. */
size_t list_split(struct arena *a, const char *text, char separator, struct oci_strings *ret);
/* Calls add (with a copy in the arena) for each line of a file of options; comments and empty lines left out. */
int option_file_lines(const char *path, struct arena *a, int (*add)(void *arg, char *line, struct error *err),
                      void *arg, struct error *err);
