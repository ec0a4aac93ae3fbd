// SPDX-License-Identifier: Apache-2.0
/*
 * config.json. Held against each other: the fast parser and jansson; what was read and what is written of it.
 * An error has a message.
 */
#include "fuzz.h"

#include "base/log.h"
#include "oci/bigint.h"
#include "oci/doc.h"
#include "oci/spec.h"

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "fuzz");
    return 0;
}

static bool has_many_members(const json_t *j)
{
    const char *key;
    json_t *v;
    if (json_object_size(j) > 128)
        return true;
    for (size_t i = 0; i < json_array_size(j); i++)
        if (has_many_members(json_array_get(j, i)))
            return true;
    json_object_foreach((json_t *) j, key, v) if (has_many_members(v)) return true;
    return false;
}

static void compare_parsers(const char *text, size_t len)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_json_ json_t *theirs = NULL;
    struct doc d = { 0 };
    struct error err = { 0 };
    bool quick = doc_parse_quick(text, len, a, &d);
    int r = json_parse(text, len, "fuzz", &theirs, &err);
    if (!quick) {
        MUST(r < 0 || has_many_members(theirs) || memchr(text, '\0', len) != NULL); /* see doc_parse() */
        return;
    }
    _cleanup_json_ json_t *ours = doc_to_json(&d);
    if (r < 0) /* the integers that only we hold */
        MUST(strstr(err.msg, "too big integer") != NULL);
    else
        MUST(json_equal(ours, theirs));
    _cleanup_free_ char *written = oci_json_text(ours, 0);
    _cleanup_json_ json_t *again = NULL;
    MUST(oci_json_parse(written, strlen(written), "again", &again, NULL) == 0);
    MUST(json_equal(ours, again));
}

static void read_spec(const char *text, size_t len)
{
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    struct oci_spec *again = NULL;
    struct error err = { 0 };
    if (oci_spec_parse(text, len, &spec, &err) < 0) {
        MUST(err.code < 0 && err.msg[0] != '\0');
        return;
    }
    _cleanup_json_ json_t *before = doc_to_json(spec->origin), *after = oci_spec_to_json(spec);
    MUST(json_equal(before, after));
    _cleanup_free_ char *written = oci_spec_text(spec, 2);
    MUST(oci_spec_parse(written, strlen(written), &again, &err) == 0);
    oci_spec_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *) data;
    _cleanup_arena_ struct arena *a = arena_new();
    struct oci_process process;
    struct oci_resources resources;
    struct oci_seccomp seccomp;
    _cleanup_json_ json_t *json = NULL;
    compare_parsers(text, size);
    read_spec(text, size);
    (void) !oci_process_parse(text, size, a, &process, NULL);
    (void) !oci_resources_parse(text, size, a, &resources, NULL);
    if (oci_json_parse(text, size, "fuzz", &json, NULL) == 0)
        (void) !oci_seccomp_from_json(json, "fuzz", a, &seccomp, NULL);
    return 0;
}
