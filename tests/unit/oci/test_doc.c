// SPDX-License-Identifier: Apache-2.0
/* The parser of oci/doc.h against jansson's, and the integers between INT64_MAX and UINT64_MAX. */
#include "oci_test.h"

#include "oci/doc.h"

static const char *const good[] = {
    "{}",
    "[]",
    " \t\r\n[ ] \n",
    "[[[]]]",
    "{\"a\":{\"b\":[]}}",
    "[0,-0,1,-1,10]",
    "[true,false,null]",
    "[9223372036854775807,-9223372036854775808]",
    "[18446744073709551615,9223372036854775808]",
    "[0.5,-1e3,1E+2,2.50e-1,1e19,0e1]",
    "[\"\",\"a\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
    "[\"\\u0001\\u00e9\\u20ac\\ud83d\\ude00\\uFFFF\"]",
    "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xee\x80\x80\x7f\"]",
    "{\"\":1,\"\\u0061\":2,\"b\":3}",
};

static const char *const bad[] = {
    "",
    " ",
    "1",
    "\"a\"",
    "null",
    "{",
    "[",
    "}",
    "]",
    "{]",
    "[}",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,}",
    "{a:1}",
    "{1:1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\" 1}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "[01]",
    "[-]",
    "[-01]",
    "[+1]",
    "[.5]",
    "[1.]",
    "[1e]",
    "[1e+]",
    "[1.5.5]",
    "[1e999]",
    "[18446744073709551616]",
    "[-9223372036854775809]",
    "[tru]",
    "[trueX]",
    "[nul]",
    "[True]",
    "[\"a]",
    "[\"\\x\"]",
    "[\"\\u12\"]",
    "[\"\\u12g4\"]",
    "[\"\\ud800\"]",
    "[\"\\udc00\"]",
    "[\"\\ud800\\u0041\"]",
    "[\"\\u0000\"]",
    "[\"\n\"]",
    "[\"\t\"]",
    "[\"\xff\"]",
    "[\"\xc0\xaf\"]",
    "[\"\xed\xa0\x80\"]",
    "[\"\xf5\x80\x80\x80\"]",
    "[\"\xe2\x82\"]",
    "[\"\\\"]",
    "[] x",
    "[][]",
    "// x\n[]",
    "[1]\x01",
    "['a']",
    "\xef\xbb\xbf[]",
    "[NaN]",
    "[Infinity]",
    "[0x10]",
};

static void test_same(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        _cleanup_json_ json_t *ours = json_of(good[i]), *theirs = NULL;
        struct error err = { 0 };
        if (json_parse(good[i], strlen(good[i]), "t", &theirs, &err) < 0)
            fail_msg("%s: %s", good[i], err.msg);
        if (!json_equal(ours, theirs))
            fail_msg("%s is read differently", good[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        json_t *j = NULL;
        struct error ours = { 0 }, theirs = { 0 };
        if (oci_json_parse(bad[i], strlen(bad[i]), "t", &j, &ours) != -EINVAL)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(json_parse(bad[i], strlen(bad[i]), "t", &j, &theirs), -EINVAL);
        assert_string_equal(ours.msg, theirs.msg);
    }
}

static void test_nul_bytes(void **state _unused_)
{
    static const char tail[] = "[]\0", middle[] = "[\0]", inside[] = "[\"\0\"]", number[] = "[1\0]";
    struct error err = { 0 };
    json_t *j = NULL;
    assert_int_equal(oci_json_parse(tail, 3, "t", &j, NULL), -EINVAL);
    assert_int_equal(oci_json_parse(middle, 3, "t", &j, NULL), -EINVAL);
    assert_int_equal(oci_json_parse(inside, 5, "t", &j, NULL), -EINVAL);
    assert_int_equal(oci_json_parse(number, 4, "t", &j, &err), -EINVAL);
    assert_string_equal(err.msg, "t: a NUL byte");
    assert_int_equal(oci_json_parse("[]", 1, "t", &j, NULL), -EINVAL);
}

/* The text ends within a token, and the copy at the very end of its memory, for each alignment of it. */
static void test_cut_at_the_end(void **state _unused_)
{
    static const char *const ends[] = { "",        "1",         "1,",          "\"a",       "\"\\", "\"\\u",
                                        "\"\\u00", "\"\\ud83d", "\"\\ud83d\\", "\"\xe2",    "tru",  "-",
                                        "1.",      "{\"a\"",    "{\"a\":",     "{\"a\":1,", "[",    "{" };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        for (size_t n = 5000; n < 5016; n++) {
            _cleanup_free_ char *text = xmalloc(n);
            json_t *j = NULL;
            memset(text, ' ', n);
            text[0] = '[';
            memcpy(text + n - strlen(ends[i]), ends[i], strlen(ends[i]));
            assert_int_equal(oci_json_parse(text, n, "t", &j, NULL), -EINVAL);
        }
    }
}

static char *nested(size_t depth)
{
    struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i < depth; i++)
        strbuf_adds(&sb, i % 2 == 0 ? "[" : "{\"k\":");
    if (depth % 2 == 0)
        strbuf_addc(&sb, '1');
    for (size_t i = depth; i > 0; i--)
        strbuf_addc(&sb, i % 2 == 0 ? '}' : ']');
    return strbuf_steal(&sb);
}

static void test_depth(void **state _unused_)
{
    _cleanup_free_ char *deepest = nested(128), *deeper = nested(129), *very = nested(100000);
    struct error err = { 0 };
    json_t *j = json_of(deepest);
    json_decref(j);
    assert_int_equal(oci_json_parse(deeper, strlen(deeper), "t", &j, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "nested deeper than 128 levels"));
    assert_int_equal(oci_json_parse(very, strlen(very), "t", &j, &err), -EINVAL);
}

/* More members than the fast parser compares: the other one reads them. */
static void test_many_members(void **state _unused_)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_addc(&sb, '{');
    for (int i = 0; i < 1000; i++)
        strbuf_addf(&sb, "\"k%d\": %s,", i, i == 7 ? "18446744073709551615" : "1");
    size_t end = sb.len;
    strbuf_adds(&sb, "\"last\": 2}");
    _cleanup_json_ json_t *j = json_of(sb.buf);
    assert_int_equal(json_object_size(j), 1001);
    uint64_t v;
    assert_true(oci_json_to_u64(json_object_get(j, "k7"), &v));
    assert_true(v == UINT64_MAX);
    sb.len = end;
    strbuf_adds(&sb, "\"k500\": 2}");
    json_t *none = NULL;
    struct error err = { 0 };
    assert_int_equal(oci_json_parse(sb.buf, sb.len, "t", &none, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "duplicate key \"k500\""));
}

static void test_integers(void **state _unused_)
{
    static const char text[] =
        "{\"a\":[0,9223372036854775807,9223372036854775808,9223372036854775809,18446744069414584320,"
        "18446744073709551613,18446744073709551615,-1,1.5,\"\\\"\\\\u0000123\",\"123\"]}";
    static const uint64_t values[] = { 0,
                                       INT64_MAX,
                                       9223372036854775808u,
                                       9223372036854775809u,
                                       18446744069414584320u,
                                       UINT64_MAX - 2,
                                       UINT64_MAX };
    _cleanup_json_ json_t *j = json_of(text);
    const json_t *list = json_object_get(j, "a");
    uint64_t v;
    for (size_t i = 0; i < json_array_size(list); i++) {
        assert_int_equal(oci_json_to_u64(json_array_get(list, i), &v), i < ARRAY_LEN(values));
        if (i >= ARRAY_LEN(values))
            continue;
        assert_true(v == values[i]);
        _cleanup_json_ json_t *again = oci_json_from_u64(values[i]);
        assert_true(json_equal(again, json_array_get(list, i)));
        assert_false(oci_json_is_string(again));
    }
    assert_true(oci_json_is_string(json_array_get(list, 9)));
    _cleanup_free_ char *written = oci_json_text(j, 0), *indented = oci_json_text(j, 2);
    assert_string_equal(written, text);
    _cleanup_json_ json_t *back = json_of(indented);
    assert_true(json_equal(back, j));
    _cleanup_json_ json_t *scalar = oci_json_from_u64(UINT64_MAX - 2);
    _cleanup_free_ char *alone = oci_json_text(scalar, 0);
    assert_string_equal(alone, "18446744073709551613");
}

static void test_from_json(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        json_t *j = json_of(good[i]);
        const struct doc *d = doc_from_json(a, j);
        _cleanup_json_ json_t *back = doc_to_json(d);
        assert_true(json_equal(j, back));
        json_decref(j);
        _cleanup_json_ json_t *again = doc_to_json(d); /* nothing points into j */
        assert_true(json_equal(back, again));
    }
    assert_null(doc_get(NULL, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),         cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_depth),        cmocka_unit_test(test_cut_at_the_end),
        cmocka_unit_test(test_many_members), cmocka_unit_test(test_integers),
        cmocka_unit_test(test_from_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
