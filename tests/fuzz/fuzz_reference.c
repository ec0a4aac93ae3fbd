// SPDX-License-Identifier: Apache-2.0
/* Image references: what is accepted has valid parts, and its full form is read as the same reference. */
#include "fuzz.h"

#include "oci/digest.h"
#include "oci/reference.h"

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = xstrndup((const char *) data, size);
    struct reference r = { 0 }, again = { 0 };
    struct error err = { 0 };
    char full[640], familiar[640], small[7];
    digest_valid(text);
    hex64_valid(text);
    if (reference_parse(text, &r, &err) < 0) {
        MUST(err.msg[0] != '\0');
        return 0;
    }
    reference_format(&r, full, sizeof(full));
    reference_familiar_name(&r, familiar, sizeof(familiar));
    reference_format(&r, small, sizeof(small));
    MUST(strlen(full) < sizeof(full) - 1 && strlen(small) == MIN_OF(strlen(full), sizeof(small) - 1));
    MUST(r.tag[0] != '\0' || r.digest[0] != '\0');
    MUST(r.digest[0] == '\0' || digest_valid(r.digest));
    MUST(strstr(r.path, "..") == NULL && r.path[0] != '/' && strlen(r.domain) + strlen(r.path) < 255);
    MUST(reference_parse(full, &again, &err) == 0);
    MUST(memcmp(&r, &again, sizeof(r)) == 0);
    return 0;
}
