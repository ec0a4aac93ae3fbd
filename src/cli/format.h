// SPDX-License-Identifier: Apache-2.0
/*
 * cli/format.h: --format of the commands that list something: docker's forms.
 *
 *   (none), table     the command's own table, which the command makes
 *   json              an object a line
 *   TEMPLATE          cli/template.h, with a line end behind each; \t and \n stand for themselves
 *   table TEMPLATE    the same in columns (\t between them), under their headers
 *
 * A row is an object whose members have the names that docker's templates know.
 */
#pragma once

#include "cli/template.h"

#define FORMAT_HELP "table, json (an object a line), a Go template, or \"table TEMPLATE\""

struct format;

/* In the arena. -EINVAL names what is wrong. */
int format_parse(const char *text, struct arena *a, struct format **ret, struct error *err) _warn_unused_;
void format_free(struct format *f); /* NULL is fine */
static inline void cleanup_format(struct format **f)
{
    format_free(*f);
}
#define _cleanup_format_ __attribute__((cleanup(cleanup_format)))

bool format_as_table(const struct format *f); /* the command's own */
bool format_as_json(const struct format *f);

/*
 * One row; the reference is taken. A member "Label" that is an object is for templates' {{.Label "key"}} and not part of json. A field that the
 * row has not is an error. out gets it, or the columns wait for format_end().
 */
int format_row(struct format *f, json_t *row, struct strbuf *out, struct error *err) _warn_unused_;

struct format_header {
    const char *field, *header;
};

/* The columns, if it is "table TEMPLATE": under these headers, or the field's name in capitals where there is none. Ends with field NULL. */
int format_end(struct format *f, const struct format_header *headers, struct strbuf *out, struct error *err)
    _warn_unused_;

/* What inspect and info do: a document, whole or through a template; indent is json_out's. A field that is not there is "<no value>". */
int format_document(const char *format, const json_t *document, struct strbuf *out, struct error *err)
    _warn_unused_;
