// SPDX-License-Identifier: Apache-2.0
/* What is understood and not enforced is an error that names it, and so is an annotation of ours that nobody knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/strbuf.h"
#include "runtime/enforce.h"

static struct error err;

static int check_text(const char *members)
{
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    strbuf_addf(
        &text,
        "{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],\"user\":{\"uid\":0,\"gid\":0}},\"root\":{\"path\":\"r\"}%s}",
        members);
    error_clear(&err);
    int r = oci_spec_parse(text.buf, text.len, &spec, &err);
    assert_int_equal(r, 0);
    return enforce_check(spec, &err);
}

static void test_plain(void **state _unused_)
{
    assert_int_equal(check_text(""), 0);
    assert_int_equal(check_text(",\"annotations\":{\"io.example\":\"x\",\"org.oakumx.y\":\"1\"}"), 0);
    assert_int_equal(check_text(",\"annotations\":{\"org.oakum.landlock\":\"on\"}"), 0);
    assert_int_equal(check_text(",\"annotations\":{\"org.oakum.landlock\":\"off\"}"), 0);
}

static void test_named(void **state _unused_)
{
    static const struct {
        const char *members, *says;
    } rows[] = {
        { ",\"annotations\":{\"org.oakum.lanlock\":\"on\"}", "annotations.org.oakum.lanlock" },
        { ",\"annotations\":{\"org.oakum.\":\"on\"}", "annotations.org.oakum." },
        /* Neither on nor off would be a wall that somebody believes in. */
        { ",\"annotations\":{\"org.oakum.landlock\":\"On\"}", "org.oakum.landlock" },
        { ",\"annotations\":{\"org.oakum.landlock\":\"true\"}", "org.oakum.landlock" },
        { ",\"annotations\":{\"org.oakum.landlock\":\"\"}", "org.oakum.landlock" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int r = check_text(rows[i].members);
        if (r >= 0 || strstr(err.msg, rows[i].says) == NULL)
            fail_msg("%s: %d %s", rows[i].members, r, err.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_plain), cmocka_unit_test(test_named) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
