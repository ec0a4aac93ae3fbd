// SPDX-License-Identifier: Apache-2.0
/* One line of docker's json-file from hostile bytes: always JSON, always UTF-8, nothing lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/json.h"
#include "monitor/journal.h"

#define NOW "2026-01-02T03:04:05.000000006Z"

static char out[200000];

static void expect(const char *data, size_t n, bool newline, const char *want)
{
    int len = journal_encode(out, sizeof(out) - 1, data, n, newline, STREAM_OUT, NOW, NULL, NULL);
    assert_true(len > 0);
    out[len] = '\0';
    assert_string_equal(out, want);
}

#define TAIL "\",\"stream\":\"stdout\",\"time\":\"" NOW "\"}\n"

static void test_text(void **state _unused_)
{
    expect("a", 1, true, "{\"log\":\"a\\n" TAIL);
    expect("", 0, true, "{\"log\":\"\\n" TAIL);
    expect("part", 4, false, "{\"log\":\"part" TAIL);
    expect("q\"b\\<>&\t\r\x7f\x01", 11, true,
           "{\"log\":\"q\\\"b\\\\\\u003c\\u003e\\u0026\\t\\r\\u007f\\u0001\\n" TAIL);
    expect("\0", 1, true, "{\"log\":\"\\u0000\\n" TAIL);
    expect("\xe2\x82\xac\xf0\x9f\x98\x80", 7, true, "{\"log\":\"\xe2\x82\xac\xf0\x9f\x98\x80\\n" TAIL);
    expect("\xe2\x80\xa8\xe2\x80\xa9", 6, true, "{\"log\":\"\\u2028\\u2029\\n" TAIL);
    int len = journal_encode(out, sizeof(out) - 1, "e", 1, true, STREAM_ERR, NOW, "t\"",
                             "team=<a>\nno word\nempty=");
    out[len] = '\0';
    assert_string_equal(
        out,
        "{\"log\":\"e\\n\",\"stream\":\"stderr\",\"attrs\":{\"tag\":\"t\\\"\",\"team\":\"\\u003ca\\u003e\",\"empty\":\"\"},\"time\":\"" NOW
        "\"}\n");
}

static void test_bytes(void **state _unused_)
{
    static const char *const wrong[] = { "\xff",         "\xc0\x80",         "\xe2\x82",
                                         "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80",
                                         "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xc2" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        int len = journal_encode(out, sizeof(out), wrong[i], strlen(wrong[i]), true, STREAM_OUT, NOW, NULL,
                                 NULL);
        _cleanup_json_ json_t *doc = json_loadb(out, (size_t) len, 0, NULL);
        assert_non_null(doc);
        assert_non_null(json_object_get(doc, "raw"));
        assert_non_null(strstr(json_string_value(json_object_get(doc, "log")), "\xef\xbf\xbd"));
    }
    expect("a\xff"
           "b",
           3, true,
           "{\"log\":\"a\\ufffdb\\n\",\"stream\":\"stdout\",\"time\":\"" NOW "\",\"raw\":\"Yf9i\"}\n");
    expect("\xff", 1, false,
           "{\"log\":\"\\ufffd\",\"stream\":\"stdout\",\"time\":\"" NOW "\",\"raw\":\"/w==\"}\n");
}

/* The largest line fits where the header says so, and a line that does not fit is an error, not a part of one. */
static void test_room(void **state _unused_)
{
    static char data[16384];
    char tag[JOURNAL_TAG_MAX + 1];
    memset(tag, 1, JOURNAL_TAG_MAX);
    tag[JOURNAL_TAG_MAX] = '\0';
    char attrs[JOURNAL_ATTRS_MAX + 1];
    memset(attrs, 1, JOURNAL_ATTRS_MAX);
    attrs[1] = '=';
    attrs[JOURNAL_ATTRS_MAX] = '\0';
    for (int fill = 0; fill < 256; fill++) {
        memset(data, fill, sizeof(data));
        int len = journal_encode(out, JOURNAL_LINE_MAX(sizeof(data)), data, sizeof(data), true, STREAM_ERR,
                                 NOW, tag, attrs);
        assert_true(len > 0);
    }
    for (size_t size = 0; size < 60; size++)
        assert_int_equal(journal_encode(out, size, "abc", 3, true, STREAM_OUT, NOW, NULL, NULL), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
