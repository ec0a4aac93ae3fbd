// SPDX-License-Identifier: Apache-2.0
/* What results of health checks make of a container; flags over the image's HEALTHCHECK; the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/health.h"
#include "oci/image.h"

static struct health *fresh(void)
{
    static const char text[] = "{\"oakum\":1,\"status\":\"starting\",\"failingStreak\":0,\"log\":[]}";
    struct health *h = NULL;
    assert_int_equal(health_parse(text, sizeof(text) - 1, &h, NULL), 0);
    return h;
}

static void result(struct health *h, const struct health_config *c, int code, bool starting_up)
{
    const struct health_result r = { "2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z", code, "said" };
    health_apply(h, c, &r, starting_up);
}

static void test_retries(void **state _unused_)
{
    const struct health_config two = { .retries = 2 }, usual = { 0 };
    _cleanup_health_ struct health *h = fresh(), *d = fresh();
    result(h, &two, 1, false);
    assert_int_equal(h->status, HEALTH_STARTING);
    result(h, &two, -1, false);
    assert_int_equal(h->status, HEALTH_UNHEALTHY);
    assert_int_equal(h->failing_streak, 2);
    result(h, &two, 0, false);
    assert_int_equal(h->status, HEALTH_HEALTHY);
    assert_int_equal(h->failing_streak, 0);
    result(h, &two, 127, false);
    assert_int_equal(h->status, HEALTH_HEALTHY);
    for (int i = 0; i < 2; i++)
        result(d, &usual, 1, false);
    assert_int_equal(d->status, HEALTH_STARTING);
    result(d, &usual, 1, false);
    assert_int_equal(d->status, HEALTH_UNHEALTHY);
}

static void test_start_period(void **state _unused_)
{
    const struct health_config c = { .retries = 1, .start_period = 1 };
    _cleanup_health_ struct health *h = fresh();
    for (int i = 0; i < 9; i++)
        result(h, &c, 1, true);
    assert_int_equal(h->status, HEALTH_STARTING);
    assert_int_equal(h->failing_streak, 0);
    assert_int_equal(h->n_log, HEALTH_LOG_MAX);
    /* Once healthy, failures count within the period too. */
    result(h, &c, 0, true);
    result(h, &c, 1, true);
    assert_int_equal(h->status, HEALTH_UNHEALTHY);
}

static void test_file(void **state _unused_)
{
    const struct health_config c = { 0 };
    _cleanup_health_ struct health *h = fresh(), *again = NULL;
    for (int i = 0; i < 7; i++)
        result(h, &c, i, false);
    _cleanup_free_ char *text = health_text(h);
    assert_int_equal(health_parse(text, strlen(text), &again, NULL), 0);
    assert_int_equal(again->status, HEALTH_UNHEALTHY);
    assert_int_equal(again->failing_streak, 6);
    assert_int_equal(again->n_log, HEALTH_LOG_MAX);
    assert_int_equal(again->log[0].exit_code, 2);
    assert_int_equal(again->log[4].exit_code, 6);
    assert_string_equal(again->log[4].output, "said");
    static const char *const bad[] = {
        "", "[]", "{}", "{\"oakum\":2,\"status\":\"healthy\",\"failingStreak\":0,\"log\":[]}",
        "{\"oakum\":1,\"status\":\"healthy\",\"failingStreak\":0,\"log\":[1]}"
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct health *none = NULL;
        assert_true(health_parse(bad[i], strlen(bad[i]), &none, NULL) < 0);
        assert_null(none);
    }
}

static void test_output(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    assert_string_equal(health_output(a, "all of it\n", 10, false), "all of it\n");
    assert_string_equal(health_output(a, "a\0b\xff", 4, false), "a\xef\xbf\xbd"
                                                                "b\xef\xbf\xbd");
    /* The rest of a character that was cut off goes; a cut at the end is told. */
    assert_string_equal(health_output(a, "\x82\xac x\xe2\x82", 6, true), "... x\xef\xbf\xbd\xef\xbf\xbd");
    assert_string_equal(health_output(a, "", 0, false), "");
}

static void test_image(void **state _unused_)
{
    const char *of_image[] = { "CMD", "image", "word" };
    struct image_config image = { .healthcheck = { .set = true,
                                                   .test = { (const char **) of_image, 3 },
                                                   .interval_ns = 5,
                                                   .retries = 4 } };
    struct run_options o;
    struct health_config c;
    run_options_init(&o);
    run_options_health(&o, &image, o.arena, &c);
    assert_true(health_is_checked(&c));
    assert_int_equal(c.interval, 5);
    assert_int_equal(health_args(o.arena, &c).n, 2);
    assert_int_equal(health_timeout(&c), 30000000000LL);
    assert_int_equal(run_options_set_health_cmd(&o, "mine", NULL), 0);
    assert_int_equal(run_options_set_health_retries(&o, "9", NULL), 0);
    run_options_health(&o, &image, o.arena, &c);
    struct oci_strings args = health_args(o.arena, &c);
    assert_int_equal(args.n, 3);
    assert_string_equal(args.v[0], "/bin/sh");
    assert_string_equal(args.v[2], "mine");
    assert_int_equal(c.retries, 9);
    assert_int_equal(c.interval, 5);
    o.no_healthcheck = true;
    run_options_health(&o, &image, o.arena, &c);
    assert_false(health_is_checked(&c));
    assert_string_equal(c.test.v[0], "NONE");
    static const char *const none[][2] = { { "CMD", NULL }, { "NONE", "x" }, { "SHELL", "x" } };
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        c = (struct health_config){ .test = { (const char **) none[i], none[i][1] != NULL ? 2 : 1 } };
        assert_false(health_is_checked(&c));
    }
    run_options_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retries), cmocka_unit_test(test_start_period), cmocka_unit_test(test_file),
        cmocka_unit_test(test_output),  cmocka_unit_test(test_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
