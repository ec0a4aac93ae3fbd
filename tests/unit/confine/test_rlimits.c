// SPDX-License-Identifier: Apache-2.0
/* confine/rlimits.h: names, lowering, and what happens where a limit may not be raised. */
#include "test_forked.h"

#include <sys/resource.h>

#include "base/log.h"
#include "confine/rlimits.h"

static void test_names(void **state _unused_)
{
    int r = -1, n = 0;
    for (int resource = 0; resource < 32; resource++) {
        const char *name = rlimit_name(resource);
        if (!name)
            continue;
        n++;
        assert_int_equal(rlimit_parse(name, &r), 0);
        assert_int_equal(r, resource);
        assert_int_equal(rlimit_parse(name + 7, &r), 0);
        assert_int_equal(r, resource);
    }
    assert_int_equal(n, 16);
    assert_int_equal(rlimit_parse("nofile", &r), 0);
    assert_int_equal(r, RLIMIT_NOFILE);
    static const char *const wrong[] = { "", "RLIMIT_", "RLIMIT_FILES", "nofile ", "RLIMIT_RLIMIT_AS", "7" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(rlimit_parse(wrong[i], &r), -EINVAL);
}

static int apply(const char *type, uint64_t soft, uint64_t hard, bool report_only)
{
    struct oci_rlimit l = { .type = type, .soft = soft, .hard = hard };
    struct oci_process p = { .rlimits = &l, .n_rlimits = 1 };
    return rlimits_apply(&p, report_only, &forked_err);
}

static void body_lower(void)
{
    struct rlimit r;
    check(apply("RLIMIT_NOFILE", 50, 60, false) == 0);
    check(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur == 50 && r.rlim_max == 60);
    check(apply("RLIMIT_CORE", 0, 0, false) == 0);
    check(getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_cur == 0 && r.rlim_max == 0);
    check(apply("RLIMIT_NOFILE", 61, 60, false) == -EINVAL);
    check_says("soft is above hard");
    check(apply("RLIMIT_NONE", 1, 1, false) == -EINVAL);
    check_says("RLIMIT_NONE");
}

static void body_raise(void)
{
    struct rlimit r, low = { 20, 30 };
    check(setrlimit(RLIMIT_NOFILE, &low) == 0);
    check(setresuid(65534, 65534, 65534) == 0); /* and with it CAP_SYS_RESOURCE */
    check(apply("RLIMIT_NOFILE", 40, 50, false) == -EPERM);
    check_says("process.rlimits[0]");
    check(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur == 20 && r.rlim_max == 30);
    /* Reported: as high as it may be, and never higher than asked. */
    check(apply("RLIMIT_NOFILE", 40, 50, true) == 0);
    check(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur == 30 && r.rlim_max == 30);
    check(apply("RLIMIT_NOFILE", 25, 50, true) == 0);
    check(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur == 25 && r.rlim_max == 30);
    check(apply("RLIMIT_NOFILE", RLIM_INFINITY, RLIM_INFINITY, true) == 0);
    check(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur == 30 && r.rlim_max == 30);
}

static void test_applied(void **state _unused_)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_setup(null, LOG_FORMAT_TEXT, LOG_LEVEL_WARN, "test");
    forked(body_lower);
    if (need_root())
        forked(body_raise);
    close(null);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_applied) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
