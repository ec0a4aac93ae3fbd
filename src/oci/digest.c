// SPDX-License-Identifier: Apache-2.0
/*
 * A digest names a file in the store, so the grammar is a closed list: algorithm, colon, exactly its number
 * of lower-case hex digits. No separator, no dot, no other algorithm can come through (CVE-2024-3727: a
 * digest that was believed became a path).
 */
#include "oci/digest.h"

static const struct {
    const char *prefix;
    size_t hex;
} algorithms[] = { { "sha256:", 64 }, { "sha512:", 128 } };

static bool hex_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'a' && s[i] <= 'f'))
            return false;
    return s[n] == '\0';
}

bool digest_valid(const char *s)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        const char *hex = str_after(s, algorithms[i].prefix);
        if (hex != NULL)
            return hex_valid(hex, algorithms[i].hex);
    }
    return false;
}

const char *digest_hex(const char *s)
{
    return strchr(s, ':') + 1;
}

bool hex64_valid(const char *s)
{
    return hex_valid(s, 64);
}
