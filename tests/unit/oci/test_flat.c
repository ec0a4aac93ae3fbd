// SPDX-License-Identifier: Apache-2.0
/* The quick reader of our own documents: what it reads it reads as base/json.h would, and what it does not know it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oci/flat.h"

struct all {
    const char *text;
    struct oci_strings list;
    struct oci_pairs pairs;
    uint32_t small;
    int64_t number;
    struct opt_i64 maybe;
    bool yes;
};
static const struct flat_field fields[] = {
    { "text", FLAT_TEXT, true, offsetof(struct all, text) },
    { "list", FLAT_STRINGS, false, offsetof(struct all, list) },
    { "pairs", FLAT_PAIRS, false, offsetof(struct all, pairs) },
    { "small", FLAT_U32, false, offsetof(struct all, small) },
    { "number", FLAT_I64, false, offsetof(struct all, number) },
    { "maybe", FLAT_OPT_I64, false, offsetof(struct all, maybe) },
    { "yes", FLAT_BOOL, false, offsetof(struct all, yes) },
};

static bool reads(struct arena *a, const char *text, struct all *ret)
{
    /* Nothing behind the end may be looked at. */
    size_t n = strlen(text);
    _cleanup_free_ char *copy = xmalloc(n + 1);
    memcpy(copy, text, n);
    *ret = (struct all){ 0 };
    char *tight = n > 0 ? xrealloc(copy, n) : copy;
    copy = tight;
    return flat_parse(copy, n, "v", 1, fields, ARRAY_LEN(fields), a, ret);
}

static void whole(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct all x;
    assert_true(reads(
        a,
        "{\"v\":1,\"text\":\"a b\",\"list\":[\"x\",\"\"],\"pairs\":{\"k\":\"w\",\"l\":\"\"},\"small\":4294967295,"
        "\"number\":-999999999999999999,\"maybe\":0,\"yes\":true}",
        &x));
    assert_string_equal(x.text, "a b");
    assert_int_equal(x.list.n, 2);
    assert_string_equal(x.list.v[1], "");
    assert_string_equal(oci_pairs_get(&x.pairs, "k"), "w");
    assert_int_equal(x.small, UINT32_MAX);
    assert_true(x.number == -999999999999999999LL && x.maybe.set && x.maybe.v == 0 && x.yes);
    assert_true(reads(a, "{\"yes\":false,\"text\":\"\",\"list\":[],\"pairs\":{},\"v\":1}", &x));
    assert_true(!x.yes && !x.maybe.set && x.list.n == 0 && x.pairs.n == 0);
}

static void left_alone(void **state _unused_)
{
    static const char *const others[] = {
        "",
        "{",
        "{}",
        "[]",
        "{\"v\":1}",                        /* text is required */
        "{\"text\":\"a\"}",                 /* no version */
        "{\"v\":2,\"text\":\"a\"}",         /* another one */
        "{\"v\":1,\"v\":1,\"text\":\"a\"}", /* twice */
        "{\"v\":1,\"text\":\"a\",\"text\":\"b\"}",
        "{\"v\":1,\"text\":\"a\",\"pairs\":{\"k\":\"1\",\"k\":\"2\"}}",
        "{\"v\":1,\"text\":\"a\",\"other\":1}", /* unknown */
        "{\"v\":1,\"tex\":\"a\"}",
        "{\"v\":1,\"text\":\"a\\n\"}",     /* an escape */
        "{\"v\":1,\"text\":\"\xc3\xa4\"}", /* not ASCII */
        "{\"v\":1,\"text\":\"\x7f\"}",
        "{\"v\":1,\"text\":null}",
        "{\"v\":1,\"text\":1}",
        "{\"v\":1, \"text\":\"a\"}",
        "{\"v\":1,\"text\":\"a\"} ",
        "{\"v\":1,\"text\":\"a\"",
        "{\"v\":1,\"text\":\"a",
        "{\"v\":1,\"text\":\"a\",}",
        "{\"v\":1,\"text\":\"a\",\"number\":01}",
        "{\"v\":1,\"text\":\"a\",\"number\":-0}",
        "{\"v\":1,\"text\":\"a\",\"number\":}",
        "{\"v\":1,\"text\":\"a\",\"number\":-}",
        "{\"v\":1,\"text\":\"a\",\"number\":1.5}",
        "{\"v\":1,\"text\":\"a\",\"number\":1e3}",
        "{\"v\":1,\"text\":\"a\",\"number\":1000000000000000000}", /* 19 digits */
        "{\"v\":1,\"text\":\"a\",\"small\":4294967296}",
        "{\"v\":1,\"text\":\"a\",\"small\":-1}",
        "{\"v\":1,\"text\":\"a\",\"yes\":1}",
        "{\"v\":1,\"text\":\"a\",\"yes\":tru",
        "{\"v\":1,\"text\":\"a\",\"list\":[\"x\",]}",
        "{\"v\":1,\"text\":\"a\",\"list\":[1]}",
        "{\"v\":1,\"text\":\"a\",\"pairs\":{\"k\"}}",
        "{\"v\":1,\"text\":\"a\",\"pairs\":{\"k\":1}}",
    };
    _cleanup_arena_ struct arena *a = arena_new();
    struct all x;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (reads(a, others[i], &x))
            fail_msg("read: %s", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(whole), cmocka_unit_test(left_alone) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
