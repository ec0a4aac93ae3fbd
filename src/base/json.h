// SPDX-License-Identifier: Apache-2.0
/*
 * base/json.h: the only door to jansson. Documents are parsed strictly (duplicate keys, trailing bytes, NUL in strings and
 * excess depth are errors), and an error names where: JSON path, line and column.
 *
 * json_t is jansson's reference-counted value; json_decref() frees. Helpers below report with the path they are given.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "base/strbuf.h"

static inline void cleanup_json(json_t **j)
{
    json_decref(*j);
}
#define _cleanup_json_ __attribute__((cleanup(cleanup_json)))

/*
 * Parses len bytes. name is what the document is called in messages ("config.json"). A syntax error, a duplicate key, a
 * document nested deeper than 128 levels or one that ends too early gives -EINVAL and, e.g.,
 * "config.json: linux.resources.pids: duplicate key "limit" (line 12, column 9)". The path is found by a second, light scan
 * of the text up to the error. On success *ret is owned by the caller.
 */
int json_parse(const char *text, size_t len, const char *name, json_t **ret, struct error *err) _warn_unused_;

/* json_parse() of an object of our own format: its member "oakum" must be this version. path: what its members are called in messages. */
int json_parse_own(const char *text, size_t len, const char *name, const char *path, int64_t version,
                   json_t **ret, struct error *err) _warn_unused_;

/* Compact (indent 0) or indented text; the caller frees. Keys keep their order of insertion. */
char *json_text(const json_t *j, int indent) __attribute__((returns_nonnull));

/*
 * Field of an object that must have the type: 0 or -EINVAL with "path.key: must be a string". path may be NULL or "" at the top.
 * A field that is null counts as absent. required = absence is an error; otherwise *ret of an absent field is NULL (strings and
 * containers) or left as it was (numbers and booleans), so that a default can stand in it.
 */
int json_get_string(const json_t *obj, const char *path, const char *key, bool required, const char **ret,
                    struct error *err) _warn_unused_;
int json_get_i64(const json_t *obj, const char *path, const char *key, bool required, int64_t *ret,
                 struct error *err) _warn_unused_;
int json_get_bool(const json_t *obj, const char *path, const char *key, bool required, bool *ret,
                  struct error *err) _warn_unused_;
/*
 * An unsigned field. json_parse() hands integers above INT64_MAX (and up to UINT64_MAX, where a double holds them) out as reals; only
 * these two turn them back. json_u64() is for a value that is no field: false when it is not such an integer.
 */
int json_get_u64(const json_t *obj, const char *path, const char *key, bool required, uint64_t *ret,
                 struct error *err) _warn_unused_;
bool json_u64(const json_t *v, uint64_t *ret);
/* kind: JSON_OBJECT or JSON_ARRAY; *ret is borrowed, NULL when absent and not required. */
int json_get_container(const json_t *obj, const char *path, const char *key, json_type kind, bool required,
                       json_t **ret, struct error *err) _warn_unused_;
/* For our own formats: -EINVAL naming the first key of obj that is not in known. */
int json_only_keys(const json_t *obj, const char *path, const char *const *known, size_t n, struct error *err)
    _warn_unused_;
