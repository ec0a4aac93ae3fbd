// SPDX-License-Identifier: Apache-2.0
/*
 * base/table.h: columns for a person. Cells are copied; control bytes and invalid UTF-8 in a cell are shown as \xNN (image
 * and container text is hostile). Columns are separated by three spaces, as docker's are.
 */
#pragma once

#include "base/strbuf.h"

struct table;

struct table *table_new(size_t columns, const char *const *headers)
    __attribute__((returns_nonnull)); /* headers NULL: none */
void table_free(struct table *t);
void table_row(struct table *t, const char *const *cells); /* columns cells; NULL is an empty cell */
/* Appends the whole table to out, headers first. */
void table_render(const struct table *t, struct strbuf *out);

/* Appends s with everything that could drive a terminal written as \xNN (newline and tab too). */
void text_neutralise(struct strbuf *out, const char *s);
