// SPDX-License-Identifier: Apache-2.0
/* Columns line up, hostile cells cannot drive a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/table.h"

static void assert_neutral(const char *in, const char *out)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    text_neutralise(&sb, in);
    assert_string_equal(sb.buf, out);
}

static void test_neutralise(void **state _unused_)
{
    assert_neutral("", "");
    assert_neutral("plain \xc3\xa9 \xf0\x9f\x90\xb3", "plain \xc3\xa9 \xf0\x9f\x90\xb3");
    assert_neutral("\x1b[31m\n\t\x7f", "\\x1b[31m\\x0a\\x09\\x7f");
    assert_neutral("\xc2\x9b"
                   "2J",
                   "\\xc2\\x9b2J");                                      /* C1 control */
    assert_neutral("\xe2\x80\xae", "\\xe2\\x80\\xae");                   /* right-to-left override */
    assert_neutral("\xc0\xaf\xed\xa0\x80", "\\xc0\\xaf\\xed\\xa0\\x80"); /* overlong, surrogate */
    assert_neutral("\xe2\x82", "\\xe2\\x82");                            /* ends too early */
    assert_neutral("\xf4\x90\x80\x80\xff", "\\xf4\\x90\\x80\\x80\\xff");
}

static void test_columns(void **state _unused_)
{
    static const char *const headers[] = { "NAME", "STATE", "ID" };
    struct table *t = table_new(3, headers);
    table_row(t, (const char *const[]){ "w\xc3\xa9"
                                        "b-server",
                                        "up", "1" });
    table_row(t, (const char *const[]){ "x", NULL, "22" });
    table_row(t, (const char *const[]){ "\xe6\xbc\xa2", "down", NULL });
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    table_render(t, &out);
    assert_string_equal(out.buf, "NAME         STATE   ID\n"
                                 "w\xc3\xa9"
                                 "b-server   up      1\n"
                                 "x                    22\n"
                                 "\xe6\xbc\xa2           down\n");
    table_free(t);
    table_free(NULL);
}

static void test_no_headers(void **state _unused_)
{
    struct table *t = table_new(1, NULL);
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    table_render(t, &out);
    assert_string_equal(out.buf, "");
    table_row(t, (const char *const[]){ "only" });
    table_render(t, &out);
    assert_string_equal(out.buf, "only\n");
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neutralise),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_no_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
