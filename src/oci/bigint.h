// SPDX-License-Identifier: Apache-2.0
/*
 * oci/bigint.h: integers above INT64_MAX in a json_t. The specification's uint64 fields hold them (docker and
 * podman write RLIM_INFINITY as 18446744073709551615), and jansson's integers end at INT64_MAX. In a json_t
 * such a number is
 *   - a real, when a double holds it exactly (and 2^64-1, as 2^64): the form of base/json.h, which json_u64()
 *     reads, or
 *   - else a string of NUL and the decimal digits, which no document can contain (NUL is refused by every
 *     parser here).
 * Use these in place of json_parse(), json_text() and json_u64() wherever such numbers may be; they are exact
 * both ways.
 */
#pragma once

#include "base/json.h"

/* As json_parse(). */
int oci_json_parse(const char *text, size_t len, const char *name, json_t **ret, struct error *err)
    _warn_unused_;
/* As json_text(). */
char *oci_json_text(const json_t *j, int indent) __attribute__((returns_nonnull));

json_t *oci_json_from_u64(uint64_t v) __attribute__((returns_nonnull));
/* False when j is no integer in 0..2^64-1. */
bool oci_json_to_u64(const json_t *j, uint64_t *ret);
/* Is it a string, and not an integer in disguise? */
bool oci_json_is_string(const json_t *j);
