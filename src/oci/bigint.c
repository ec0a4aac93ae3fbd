// SPDX-License-Identifier: Apache-2.0
/*
 * Writing: in a copy, big integers become strings of NUL and digits, and in the text of that `"\u0000123"`
 * becomes `123`. A NUL can come from nowhere else, and a quotation mark within a string is never followed by
 * it without a backslash before.
 */
#include "oci/bigint.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/parse.h"
#include "oci/doc.h"

#define TWO_TO_63 9223372036854775808.0
#define TWO_TO_64 18446744073709551616.0

static json_t *disguised(uint64_t v)
{
    char text[24] = "";
    int n = snprintf(text + 1, sizeof(text) - 1, "%" PRIu64, v);
    return json_stringn_nocheck(text, (size_t) n + 1);
}

static json_t *disguise(const json_t *j)
{
    uint64_t v;
    return json_is_real(j) && json_u64(j, &v) ? disguised(v) : NULL;
}

static void disguise_all(json_t *j)
{
    for (size_t i = 0; i < json_array_size(j); i++) {
        json_t *v = json_array_get(j, i), *other = disguise(v);
        if (other != NULL)
            json_array_set_new(j, i, other);
        else
            disguise_all(v);
    }
    for (void *i = json_object_iter(j); i != NULL; i = json_object_iter_next(j, i)) {
        json_t *v = json_object_iter_value(i), *other = disguise(v);
        if (other != NULL)
            json_object_iter_set_new(j, i, other);
        else
            disguise_all(v);
    }
}

int oci_json_parse(const char *text, size_t len, const char *name, json_t **ret, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct doc *d;
    int r = doc_parse(text, len, name, a, &d, err);
    if (r == 0)
        *ret = doc_to_json(d);
    return r;
}

char *oci_json_text(const json_t *j, int indent)
{
    _cleanup_json_ json_t *copy = json_deep_copy(j);
    if (copy == NULL) /* a value nested in itself */
        return json_text(j, indent);
    disguise_all(copy);
    char *text = json_text(copy, indent), *to = text;
    for (const char *from = text; *from != '\0';) {
        const char *digits = str_after(from, "\"\\u0000");
        if (digits == NULL) {
            *to++ = *from++;
            continue;
        }
        while (*digits >= '0' && *digits <= '9')
            *to++ = *digits++;
        from = digits + 1;
    }
    *to = '\0';
    return text;
}

json_t *oci_json_from_u64(uint64_t v)
{
    double real = (double) v;
    if (v <= INT64_MAX)
        return json_integer((json_int_t) v);
    if (v == UINT64_MAX || (real >= TWO_TO_63 && real < TWO_TO_64 && (uint64_t) real == v))
        return json_real(real);
    return disguised(v);
}

bool oci_json_to_u64(const json_t *j, uint64_t *ret)
{
    if (json_is_string(j))
        return json_string_length(j) > 1 && json_string_value(j)[0] == '\0' &&
               parse_u64(json_string_value(j) + 1, ret) == 0;
    return json_u64(j, ret);
}

bool oci_json_is_string(const json_t *j)
{
    return json_is_string(j) && (json_string_length(j) == 0 || json_string_value(j)[0] != '\0');
}
