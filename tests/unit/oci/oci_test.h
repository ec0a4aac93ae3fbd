// SPDX-License-Identifier: Apache-2.0
/* oci_test.h: what the tests of oci share: cmocka, the data directory, and a way to state an error in one line. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "oci/bigint.h"
#include "oci/spec.h"

/* The text of tests/unit/oci/data/NAME; the caller frees. */
static inline char *data_text(const char *name)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", OCI_TEST_DATA, name);
    struct strbuf sb = STRBUF_INIT;
    char chunk[4096];
    size_t n;
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        strbuf_add(&sb, chunk, n);
    fclose(f);
    return strbuf_steal(&sb);
}

static inline json_t *json_of(const char *text)
{
    json_t *j = NULL;
    struct error err = { 0 };
    if (oci_json_parse(text, strlen(text), "test", &j, &err) < 0)
        fail_msg("%s", err.msg);
    return j;
}

static inline struct oci_spec *spec_of(const char *text)
{
    struct oci_spec *spec = NULL;
    struct error err = { 0 };
    if (oci_spec_parse(text, strlen(text), &spec, &err) < 0)
        fail_msg("%s", err.msg);
    return spec;
}

/* Single quotes stand for double ones, for the sake of the reader. The caller frees. */
static inline char *quoted(const char *text)
{
    char *copy = xstrdup(text);
    for (char *p = copy; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    return copy;
}
