// SPDX-License-Identifier: Apache-2.0
/* The vulnerability database, damaged in every way, and matching by the rules of each feed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/strbuf.h"
#include "scan/match.h"

static const char debian[] =
    "{\"openssl\": {"
    "\"CVE-2023-0001\": {\"releases\": {\"bookworm\": {\"status\": \"resolved\", \"fixed_version\": \"3.0.9-1\", \"urgency\": \"high**\"}}},"
    "\"CVE-2023-0002\": {\"releases\": {\"bookworm\": {\"status\": \"resolved\", \"fixed_version\": \"0\", \"urgency\": \"low\"}}},"
    "\"CVE-2023-0003\": {\"releases\": {\"bookworm\": {\"status\": \"open\", \"urgency\": \"unimportant\"}}},"
    "\"CVE-2023-0004\": {\"releases\": {\"bookworm\": {\"status\": \"open\", \"urgency\": \"low\", \"nodsa\": \"Minor issue\", \"nodsa_reason\": \"\"}}},"
    "\"CVE-2023-0005\": {\"releases\": {\"bookworm\": {\"status\": \"undetermined\", \"urgency\": \"low\"}}},"
    "\"CVE-2023-0006\": {\"releases\": {\"trixie\": {\"status\": \"open\", \"urgency\": \"low\"}}},"
    "\"CVE-2023-0007\": {\"releases\": {\"bookworm\": {\"status\": \"open\", \"urgency\": \"end-of-life\"}}},"
    "\"CVE-2023-0008\": {\"releases\": {\"bookworm\": {\"status\": \"resolved\", \"fixed_version\": \"3.0.8-1\", \"urgency\": \"medium\"}}}}}";
static const char alpine[] =
    "{\"distroversion\": \"v3.20\", \"reponame\": \"main\", \"packages\": [{\"pkg\": {\"name\": \"busybox\", \"secfixes\": {"
    "\"1.36.1-r30\": [\"CVE-2023-1001 XSA-7\", \"CVE-2023-1002 (+ regression fix)\", \"CVE_2023-1003\"], \"0\": [\"CVE-2023-1004\"], \"1.35.0-r0\": [\"CVE-2023-1005\"]}}}]}";
/* Events out of order; an alias that a second record is about; a withdrawn one; custom ranges in place of the range. */
static const char osv[] =
    "[{\"id\": \"GO-1\", \"aliases\": [\"CVE-2024-0001\"], \"affected\": [{\"package\": {\"ecosystem\": \"Go\", \"name\": \"stdlib\"},"
    "\"ranges\": [{\"type\": \"SEMVER\", \"events\": [{\"introduced\": \"1.19.0-0\"}, {\"fixed\": \"1.19.1\"}, {\"introduced\": \"0\"}, {\"fixed\": \"1.18.6\"}]}]}]},"
    "{\"id\": \"GHSA-1\", \"aliases\": [\"CVE-2024-0001\"], \"severity\": [{\"type\": \"CVSS_V3\", \"score\": \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}],"
    "\"affected\": [{\"package\": {\"ecosystem\": \"Go\", \"name\": \"stdlib\"}, \"ranges\": [{\"type\": \"SEMVER\", \"events\": [{\"introduced\": \"0\"}, {\"fixed\": \"1.19.2\"}]}]}]},"
    "{\"id\": \"GO-2\", \"withdrawn\": \"2024-01-01T00:00:00Z\", \"affected\": [{\"package\": {\"ecosystem\": \"Go\", \"name\": \"stdlib\"}, \"ranges\": [{\"type\": \"SEMVER\", \"events\": [{\"introduced\": \"0\"}]}]}]},"
    "{\"id\": \"GO-3\", \"affected\": [{\"package\": {\"ecosystem\": \"Go\", \"name\": \"stdlib\"}, \"ranges\": [{\"type\": \"SEMVER\", \"events\": [{\"introduced\": \"0\"}]}],"
    "\"ecosystem_specific\": {\"custom_ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [{\"introduced\": \"0\"}, {\"fixed\": \"1.2.0\"}]}]}}]},"
    "{\"id\": \"PYSEC-1\", \"affected\": [{\"package\": {\"ecosystem\": \"PyPI\", \"name\": \"Foo.Bar\"}, \"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [{\"introduced\": \"1.0\"}, {\"last_affected\": \"1.5\"}]}]}]}]";

static void built(struct strbuf *out)
{
    _cleanup_vuln_builder_ struct vuln_builder *b = vuln_builder_new();
    struct feed_tally t = { 0 };
    struct error err = { 0 };
    assert_int_equal(vuln_feed_parse(b, debian, strlen(debian), "debian", &t, &err), 0);
    assert_int_equal(vuln_feed_parse(b, alpine, strlen(alpine), "alpine", &t, &err), 0);
    assert_int_equal(vuln_feed_parse(b, osv, strlen(osv), "osv", &t, &err), 0);
    vuln_builder_write(b, 1700000000, out);
}

static struct match *matched(const struct vulndb *db, const char *os, const char *version,
                             const char *codename, const struct component *o)
{
    static struct catalog *c;
    catalog_free(c); /* that of the call before: a match borrows from it */
    c = NULL;
    if (o == NULL)
        return NULL;
    c = catalog_new();
    c->os_id = os;
    c->os_version = version;
    c->os_codename = codename;
    catalog_add(c, o);
    return match_catalog(c, db);
}

static const struct finding *find(const struct match *m, const char *id)
{
    for (size_t i = 0; i < m->n; i++)
        if (str_eq(m->v[i].id, id))
            return &m->v[i];
    return NULL;
}

static void test_debian(void **state)
{
    const struct component o = { .type = "deb",
                                 .name = "libssl3",
                                 .version = "3.0.8-1+b9",
                                 .source = "openssl",
                                 .source_version = "3.0.8-1",
                                 .path = "p" };
    struct match *m = matched(*state, "debian", "12", "bookworm", &o);
    assert_int_equal(m->n, 4);
    assert_int_equal(m->fixable, 1);
    assert_int_equal(m->n_gaps, 0);
    assert_string_equal(find(m, "CVE-2023-0001")->fixed, "3.0.9-1");
    assert_int_equal(find(m, "CVE-2023-0001")->severity, SEVERITY_HIGH);
    assert_int_equal(find(m, "CVE-2023-0003")->severity, SEVERITY_NEGLIGIBLE);
    assert_int_equal(find(m, "CVE-2023-0004")->status, STATUS_NO_DSA);
    assert_int_equal(find(m, "CVE-2023-0007")->status, STATUS_END_OF_LIFE);
    assert_string_equal(m->v[0].id, "CVE-2023-0001"); /* the worst first */
    match_free(m);
    /* A release without data is never clean. */
    m = matched(*state, "debian", "11", "bullseye", &o);
    assert_int_equal(m->n, 0);
    assert_int_equal(m->n_gaps, 1);
    assert_string_equal(m->gaps[0], "the database has no data for debian:bullseye");
    match_free(m);
    m = matched(*state, NULL, NULL, NULL, &o);
    assert_int_equal(m->n_gaps, 1);
    match_free(m);
}

static void test_alpine(void **state)
{
    struct component o = { .type = "apk",
                           .name = "ssl_client",
                           .version = "1.36.1-r29",
                           .source = "busybox",
                           .source_version = "1.36.1-r29",
                           .path = "p" };
    struct match *m = matched(*state, "alpine", "3.20.3", NULL, &o);
    assert_non_null(find(m, "CVE-2023-1001"));
    assert_non_null(find(m, "CVE-2023-1002"));
    assert_non_null(find(m, "CVE-2023-1003"));
    assert_non_null(find(m, "XSA-7"));
    assert_int_equal(m->n, 4); /* not 1004: never affected; not 1005: fixed */
    match_free(m);
    o.source_version = "1.0x_y"; /* no version: unknown, not fixed */
    m = matched(*state, "alpine", "3.20.3", NULL, &o);
    assert_int_equal(m->n, 0);
    assert_int_equal(m->n_gaps, 1);
    match_free(m);
}

static void test_osv(void **state)
{
    static const struct {
        const char *type, *name, *version;
        size_t n;
        const char *fixed;
    } table[] = {
        { "golang", "stdlib", "1.18.5", 1, "1.19.2" }, { "golang", "stdlib", "1.19.0", 1, "1.19.2" },
        { "golang", "stdlib", "1.19.1", 1, "1.19.2" }, { "golang", "stdlib", "1.19.2", 0, NULL },
        { "golang", "stdlib", "1.1.9", 2, NULL },      { "pypi", "foo-bar", "1.5", 1, NULL },
        { "pypi", "foo-bar", "1.5.1", 0, NULL },       { "pypi", "foo-bar", "1.0rc1", 0, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct component o = {
            .type = table[i].type, .name = table[i].name, .version = table[i].version, .path = "p"
        };
        struct match *m = matched(*state, NULL, NULL, NULL, &o);
        if (m->n != table[i].n || m->n_gaps != 0)
            fail_msg("%s %s: %zu findings, %zu gaps", table[i].name, table[i].version, m->n, m->n_gaps);
        if (table[i].fixed != NULL) {
            const struct finding *f = find(
                m, "CVE-2024-0001"); /* two records, one finding, the worse of two severities */
            assert_string_equal(f->fixed, table[i].fixed);
            assert_int_equal(f->severity, SEVERITY_CRITICAL);
            assert_int_equal(f->cvss, 98);
            assert_non_null(strstr(f->aliases, "GHSA-1"));
        }
        match_free(m);
    }
    const struct component npm = { .type = "npm", .name = "x", .version = "1.0.0", .path = "p" };
    struct match *m = matched(*state, NULL, NULL, NULL, &npm);
    assert_string_equal(m->gaps[0], "the database has no data for npm");
    match_free(m);
}

/* Cut off at each byte, and each byte changed: an error or a database that can be searched, never a read beyond it. */
static void test_damage(void **state _unused_)
{
    _cleanup_strbuf_ struct strbuf file = STRBUF_INIT, again = STRBUF_INIT;
    struct vulndb *db = NULL;
    struct error err = { 0 };
    built(&file);
    built(&again);
    assert_int_equal(file.len, again.len);
    assert_memory_equal(file.buf, again.buf, file.len);
    for (size_t n = 0; n < file.len; n++)
        assert_int_equal(vulndb_from_bytes(file.buf, n, &db, &err), -EINVAL);
    size_t opened = 0;
    for (size_t i = 0; i < file.len * 2; i++) {
        char *byte = &file.buf[i / 2], kept = *byte;
        *byte = i % 2 == 0 ? (char) 0xff : (char) (kept ^ 1);
        if (vulndb_from_bytes(file.buf, file.len, &db, &err) == 0) {
            const struct vulndb_info info = vulndb_info(db);
            size_t first, sum = 0;
            for (size_t k = 0; k < info.ranges; k++) {
                const struct vuln_range r = vulndb_range(db, k);
                sum += strlen(r.id) + strlen(r.aliases) + (r.fixed != NULL ? strlen(r.fixed) : 0);
            }
            vulndb_find(db, "go", "stdlib", &first);
            opened += sum > 0;
            vulndb_close(db);
        }
        *byte = kept;
    }
    assert_true(opened > 0);
}

static void test_feeds_refused(void **state _unused_)
{
    static const char *const bad[] = { "",
                                       "[1]",
                                       "{}",
                                       "{\"a\": 1}",
                                       "{\"a\": {\"b\": 1}}",
                                       "{\"packages\": []}",
                                       "{\"packages\": [{}], \"distroversion\": \"v1\"}",
                                       "{\"id\": \"\"}",
                                       "[{\"id\": 3}]" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        _cleanup_vuln_builder_ struct vuln_builder *b = vuln_builder_new();
        struct feed_tally t = { 0 };
        struct error err = { 0 };
        if (vuln_feed_parse(b, bad[i], strlen(bad[i]), "feed", &t, &err) != -EINVAL || err.msg[0] == '\0')
            fail_msg("%s: accepted", bad[i]);
    }
}

static int open_database(void **state)
{
    _cleanup_strbuf_ struct strbuf file = STRBUF_INIT;
    struct error err = { 0 };
    built(&file);
    return vulndb_from_bytes(file.buf, file.len, (struct vulndb **) state, &err);
}

static int close_database(void **state)
{
    matched(NULL, NULL, NULL, NULL, NULL);
    vulndb_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_debian, open_database, close_database),
        cmocka_unit_test_setup_teardown(test_alpine, open_database, close_database),
        cmocka_unit_test_setup_teardown(test_osv, open_database, close_database),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_feeds_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
