// SPDX-License-Identifier: Apache-2.0
/*
 * oci/flat.h: a quick reader for the small documents that oakum itself has written: one object whose members are texts, numbers, truth
 * values, lists of texts and objects of texts.
 *
 * It reads a part of JSON only: no white space, no escapes, no bytes outside of ASCII, no null, each key once and known, a member
 * "oakum" or the like with the version. What is anything else is no error but "no": the caller then reads the document with base/json.h, which
 * knows what is wrong with it, or that nothing is. A document that is read here is read the same there.
 */
#pragma once

#include "oci/spec.h"

enum flat_kind {
    FLAT_TEXT,    /* const char * */
    FLAT_STRINGS, /* struct oci_strings */
    FLAT_PAIRS,   /* struct oci_pairs */
    FLAT_U32,
    FLAT_I64,
    FLAT_OPT_I64,
    FLAT_BOOL
};
struct flat_field {
    const char *key;
    enum flat_kind kind;
    bool required;
    size_t offset; /* in what is read into */
};

/* At most 64 fields. version_key's member must be version. Strings go to the arena. False: to is of no use. */
bool flat_parse(const char *text, size_t len, const char *version_key, int64_t version,
                const struct flat_field *fields, size_t n, struct arena *a, void *to) _warn_unused_;
