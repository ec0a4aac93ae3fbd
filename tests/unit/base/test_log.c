// SPDX-License-Identifier: Apache-2.0
/* Lines as text and as JSON, levels, hostile names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

static char *logged(int fd)
{
    char *s = xcalloc(1, 4096);
    assert_true(pread(fd, s, 4095, 0) >= 0);
    return s;
}

static void test_text(void **state _unused_)
{
    _cleanup_close_ int fd = memfd_create("log", MFD_CLOEXEC);
    log_setup(fd, LOG_FORMAT_TEXT, LOG_LEVEL_WARN, "prog");
    log_warn("name %s", "\x1b[2J");
    log_info("not shown");
    assert_true(log_enabled(LOG_LEVEL_ERROR));
    assert_false(log_enabled(LOG_LEVEL_INFO));
    _cleanup_free_ char *s = logged(fd);
    assert_string_equal(s, "prog: warning: name \\x1b[2J\n");
}

static void test_json_line(void **state _unused_)
{
    _cleanup_close_ int fd = memfd_create("log", MFD_CLOEXEC);
    log_setup(fd, LOG_FORMAT_JSON, LOG_LEVEL_DEBUG, "prog");
    log_error("a \"quoted\\path\" \n\xff");
    _cleanup_free_ char *s = logged(fd);
    _cleanup_json_ json_t *j = NULL;
    assert_int_equal(json_parse(s, strlen(s), "log", &j, NULL), 0);
    assert_string_equal(json_string_value(json_object_get(j, "level")), "error");
    assert_string_equal(json_string_value(json_object_get(j, "msg")), "a \"quoted\\path\" \\x0a\\xff");
    struct timespec t;
    assert_int_equal(clock_parse(json_string_value(json_object_get(j, "time")), &t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_json_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
