// SPDX-License-Identifier: Apache-2.0
/* Strictness and the place named in each message; unsigned numbers; fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/json.h"

static void assert_error(const char *text, const char *message)
{
    json_t *j = NULL;
    struct error err = { 0 };
    assert_int_equal(json_parse(text, strlen(text), "t", &j, &err), -EINVAL);
    assert_null(j);
    assert_string_equal(err.msg, message);
}

static void test_places(void **state _unused_)
{
    assert_error("{\n  \"linux\": {\"resources\": {\"pids\": {\"limit\": 1,\n \"limit\": 2}}}}",
                 "t: linux.resources.pids: duplicate key \"limit\" (line 3, column 2)");
    assert_error("{\"a\": 1, \"a\": 2}", "t: duplicate key \"a\" (line 1, column 10)");
    assert_error("{\"mounts\": [{}, {\"type\": x}]}",
                 "t: mounts[1].type: invalid token near 'x' (line 1, column 26)");
    assert_error("{\"a\": [1, 2", "t: a[1]: ']' expected near end of file (line 1, column 12)");
    assert_error("{\"\xc3\xa9\": [}", "t: \xc3\xa9[0]: unexpected token near '}' (line 1, column 8)");
    assert_error("", "t: '[' or '{' expected near end of file (line 1, column 1)");
    assert_error("\"scalar\"", "t: '[' or '{' expected near '\"scalar\"' (line 1, column 1)");
    assert_error("{} x", "t: end of file expected near 'x' (line 1, column 4)");
    assert_error("{}{}", "t: end of file expected near '{' (line 1, column 3)");
    assert_error("{\"a\\u001b\": {\"k\": 01}}", "t: a\\u001b.k: invalid token near '0' (line 1, column 19)");
}

static void test_strict(void **state _unused_)
{
    json_t *j = NULL;
    struct error err = { 0 };
    static const char nul[] = "{\"a\": \"x\"}\0";
    assert_int_equal(json_parse(nul, sizeof(nul), "t", &j, &err), -EINVAL);
    static const char raw[] = "{\"a\": \"x\0y\"}";
    assert_int_equal(json_parse(raw, sizeof(raw) - 1, "t", &j, &err), -EINVAL);
    assert_error("{\"a\": \"\\u0000\"}", "t: a: a string must not contain NUL (line 1, column 7)");
    assert_int_equal(json_parse("{\"\xff\": 1}", 8, "t", &j, &err), -EINVAL);
    assert_int_equal(json_parse("[NaN]", 5, "t", &j, &err), -EINVAL);
    assert_int_equal(json_parse("[1,]", 4, "t", &j, &err), -EINVAL);
    assert_null(j);
}

static char *nest(size_t depth)
{
    struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i < depth; i++)
        strbuf_addc(&sb, '[');
    for (size_t i = 0; i < depth; i++)
        strbuf_addc(&sb, ']');
    return strbuf_steal(&sb);
}

static void test_depth(void **state _unused_)
{
    _cleanup_json_ json_t *j = NULL;
    json_t *none = NULL;
    struct error err = { 0 };
    _cleanup_free_ char *fits = nest(128), *over = nest(129), *far = nest(1000000);
    assert_int_equal(json_parse(fits, strlen(fits), "t", &j, &err), 0);
    assert_int_equal(json_parse(over, strlen(over), "t", &none, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "nested deeper than 128 levels (line 1, column 129)"));
    assert_int_equal(json_parse(far, strlen(far), "t", &none, &err), -EINVAL);
    /* Brackets in strings do not count. */
    _cleanup_free_ char *string = xasprintf("[\"\\\"%s\"]", over);
    json_t *k = NULL;
    assert_int_equal(json_parse(string, strlen(string), "t", &k, &err), 0);
    json_decref(k);
}

/* Broken text of every kind must give an error or a value, and never read outside: ASan is the judge. */
static void test_cut_anywhere(void **state _unused_)
{
    static const char doc[] =
        "{\"a\": [1, {\"b\\\"c\": \"d\\u00e9\"}, -2.5e3, true, null], \"e\": {\"f\": \"\"}}";
    for (size_t n = 0; n < sizeof(doc) - 1; n++) {
        for (int c = 0; c < 256; c += 5) {
            json_t *j = NULL;
            struct error err = { 0 };
            char *copy = xmalloc(n + 1);
            memcpy(copy, doc, n);
            copy[n] = (char) c;
            if (json_parse(copy, n + 1, "t", &j, &err) < 0)
                assert_string_not_equal(err.msg, "");
            json_decref(j);
            free(copy);
        }
    }
}

static void test_unsigned(void **state _unused_)
{
    static const char doc[] =
        "{\"max\": 18446744073709551615, \"s\": \"18446744073709551615\", \"half\": 9223372036854775808,"
        " \"small\": 5, \"minus\": -1, \"real\": 1.5}";
    _cleanup_json_ json_t *j = NULL;
    json_t *none = NULL;
    struct error err = { 0 };
    uint64_t u = 0;
    int64_t i = 0;
    const char *s;
    assert_int_equal(json_parse(doc, strlen(doc), "t", &j, &err), 0);
    assert_int_equal(json_get_u64(j, "p", "max", true, &u, &err), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(json_get_u64(j, "p", "half", true, &u, &err), 0);
    assert_true(u == (uint64_t) 1 << 63);
    assert_int_equal(json_get_u64(j, "p", "small", true, &u, &err), 0);
    assert_true(u == 5);
    assert_int_equal(json_get_u64(j, "p", "minus", true, &u, &err), -EINVAL);
    assert_int_equal(json_get_u64(j, "p", "real", true, &u, &err), -EINVAL);
    assert_int_equal(json_get_u64(j, "p", "s", true, &u, &err), -EINVAL);
    assert_int_equal(json_get_i64(j, "p", "max", true, &i, &err), -EINVAL);
    assert_string_equal(err.msg, "p.max: must be an integer of 64 bits");
    assert_int_equal(json_get_string(j, "p", "s", true, &s, &err), 0);
    assert_string_equal(s, "18446744073709551615");
    /* One that a double would change, or that is too large, stays an error. */
    assert_error("{\"a\": 9223372036854775809}",
                 "t: a: too big integer near '9223372036854775809' (line 1, column 7)");
    assert_int_equal(json_parse("[18446744073709551616]", 22, "t", &none, &err), -EINVAL);
    assert_int_equal(json_parse("[-9223372036854775809]", 22, "t", &none, &err), -EINVAL);
}

static void test_fields(void **state _unused_)
{
    static const char doc[] = "{\"s\": \"x\", \"n\": null, \"i\": -4, \"b\": true, \"o\": {}, \"a\": []}";
    _cleanup_json_ json_t *j = NULL;
    struct error err = { 0 };
    const char *s = "?";
    int64_t i = 9;
    bool b = false;
    json_t *c = NULL;
    assert_int_equal(json_parse(doc, strlen(doc), "t", &j, &err), 0);
    assert_int_equal(json_get_string(j, "", "s", true, &s, &err), 0);
    assert_string_equal(s, "x");
    assert_int_equal(json_get_string(j, "", "n", false, &s, &err), 0);
    assert_null(s);
    assert_int_equal(json_get_string(j, "", "n", true, &s, &err), -EINVAL);
    assert_string_equal(err.msg, "n: is required");
    assert_int_equal(json_get_string(j, "top", "i", true, &s, &err), -EINVAL);
    assert_string_equal(err.msg, "top.i: must be a string");
    assert_int_equal(json_get_i64(j, NULL, "none", false, &i, &err), 0);
    assert_true(i == 9);
    assert_int_equal(json_get_i64(j, NULL, "i", false, &i, &err), 0);
    assert_true(i == -4);
    assert_int_equal(json_get_bool(j, NULL, "b", false, &b, &err), 0);
    assert_true(b);
    assert_int_equal(json_get_bool(j, NULL, "i", false, &b, &err), -EINVAL);
    assert_int_equal(json_get_container(j, NULL, "o", JSON_OBJECT, true, &c, &err), 0);
    assert_non_null(c);
    assert_int_equal(json_get_container(j, NULL, "a", JSON_OBJECT, true, &c, &err), -EINVAL);
    assert_int_equal(json_get_container(j, NULL, "none", JSON_ARRAY, false, &c, &err), 0);
    assert_null(c);
    static const char *const known[] = { "s", "n", "i", "b", "o" };
    assert_int_equal(json_only_keys(j, "t", known, ARRAY_LEN(known), &err), -EINVAL);
    assert_string_equal(err.msg, "t: unknown key \"a\"");
    json_object_del(j, "a");
    assert_int_equal(json_only_keys(j, "t", known, ARRAY_LEN(known), &err), 0);
}

static void test_text(void **state _unused_)
{
    _cleanup_json_ json_t *j = json_pack("{s:i, s:[s]}", "z", 1, "a", "q\"");
    _cleanup_free_ char *compact = json_text(j, 0), *wide = json_text(j, 2);
    assert_string_equal(compact, "{\"z\":1,\"a\":[\"q\\\"\"]}");
    assert_string_equal(wide, "{\n  \"z\": 1,\n  \"a\": [\n    \"q\\\"\"\n  ]\n}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),       cmocka_unit_test(test_strict),   cmocka_unit_test(test_depth),
        cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_unsigned), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
