// SPDX-License-Identifier: Apache-2.0
/*
 * cli/template.h: what `--format` takes: Go's text/template (https://pkg.go.dev/text/template) as docker and podman use it, over JSON.
 *
 * There are: text, {{- and -}}, comments, fields (.A.B), variables ($x := …, $x = …), pipelines, parentheses, if/else if/else,
 * range/else (over arrays and objects, with one or two variables, break, continue), with/else; Go's functions and, or, not, eq, ne,
 * lt, le, gt, ge, index, len, print, printf, println; docker's json, split, join, title, lower, upper, pad, truncate.
 * There are not: define, template, block, call, slice, html, js, urlquery: an error that names the word.
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"

struct template;

/* In the arena, to which text is copied. -EINVAL with what is wrong, and at which byte. */
int template_parse(const char *text, struct arena *a, struct template **ret, struct error *err) _warn_unused_;

enum template_flags {
    TEMPLATE_STRICT =
        1
        << 0, /* a field that is not there is an error, as of a Go structure; otherwise "<no value>", as of a map */
    TEMPLATE_NEUTRALISE = 1 << 1, /* values are written so that they cannot drive a terminal (base/table.h) */
};

/*
 * Appends to out. An error (-EINVAL: a field of what is no object, an index out of range, the wrong number or kind of arguments) leaves in
 * out what was written before.
 */
int template_render(const struct template *t, const json_t *value, unsigned flags, struct strbuf *out,
                    struct error *err) _warn_unused_;
