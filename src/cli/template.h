// SPDX-License-Identifier: Apache-2.0
/*
 * cli/template.h: --format '{{.Repository}}:{{.Tag}}', as far as lists need docker's templates: fields, {{json .}} and {{json .Field}}, and
 * "table …", whose columns are parted by tabs. "\t" and "\n" are written so or as they are.
 */
#pragma once

#include "base/json.h"
#include "base/table.h"

struct template_header {
    const char *field, *text;
};
struct template;
/*
 * fields: those there are, with what stands above their column; ended by one without a name. -EINVAL: a field that is not there, or what is
 * no template. Lives in the arena of the caller's choice.
 */
struct arena;
int template_parse(const char *text, const struct template_header *fields, struct arena *a,
                   struct template **ret, struct error *err) _warn_unused_;
/* One object: a line to out, or a row of the table. Strings are neutralised. */
void template_add(struct template *t, const json_t *object, struct strbuf *out);
/* The table, where it is one. */
void template_end(struct template *t, struct strbuf *out);
