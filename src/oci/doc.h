// SPDX-License-Identifier: Apache-2.0
/*
 * oci/doc.h: a JSON document to read from, in an arena. It is what base/json.h gives (strict: no duplicate
 * keys, no NUL, 128 levels, no trailing bytes; the same error messages) at a tenth of the time, because
 * reading config.json is on the path of every start; and integers are exact up to 2^64-1. Read-only: what is
 * to be changed or written is a json_t (doc_to_json()).
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"

enum doc_type {
    DOC_NULL,
    DOC_FALSE,
    DOC_TRUE,
    DOC_INT,
    DOC_UINT /* above INT64_MAX */,
    DOC_REAL,
    DOC_STRING,
    DOC_ARRAY,
    DOC_OBJECT
};

struct doc {
    enum doc_type type;
    uint32_t n; /* items or members; bytes of a string */
    union {
        int64_t i;
        uint64_t u;
        double real;
        const char *s;
        const struct doc *items;
        const struct doc_member *members; /* in the order of the document */
    };
};

struct doc_member {
    const char *key;
    uint32_t key_len;
    struct doc value;
};

/* As json_parse(). Nodes and strings (NUL-terminated, UTF-8) live in the arena. */
int doc_parse(const char *text, size_t len, const char *name, struct arena *a, const struct doc **ret,
              struct error *err) _warn_unused_;
/* The fast half of doc_parse(), for tests: false when it is no document, or one that is left to jansson. */
bool doc_parse_quick(const char *text, size_t len, struct arena *a, struct doc *ret) _warn_unused_;

/* A copy in the arena. */
const struct doc *doc_from_json(struct arena *a, const json_t *j) __attribute__((returns_nonnull));
/* A new reference; integers above INT64_MAX as in oci/bigint.h. */
json_t *doc_to_json(const struct doc *d) __attribute__((returns_nonnull));

/* NULL when d is NULL, no object, or has no such member. */
const struct doc *doc_get(const struct doc *d, const char *key);

/* Length of the valid UTF-8 character at s, which ends in a NUL (RFC 3629); 0 when it is none. */
size_t doc_utf8_char(const char *s);
