// SPDX-License-Identifier: Apache-2.0
/* import's --change, against what docker makes of the same lines; and apt's sources. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "image/apt_sources.h"
#include "image/store_internal.h"

static void apply(struct arena *a, struct image_config *c, const char *text)
{
    struct error err = { 0 };

    if (change_apply(a, text, c, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
}

static void test_commands(void **state)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct image_config c = { 0 };

    (void) state;
    apply(a, &c, "CMD [\"redis-server\", \"--save\", \"\"]");
    assert_int_equal(c.cmd.n, 3);
    assert_string_equal(c.cmd.v[2], "");
    assert_true(c.cmd_set);
    apply(a, &c, "cmd echo $HOME");
    assert_int_equal(c.cmd.n, 3);
    assert_string_equal(c.cmd.v[0], "/bin/sh");
    assert_string_equal(c.cmd.v[2], "echo $HOME");
    apply(a, &c, "ENTRYPOINT [\"/init\"]");
    assert_int_equal(c.entrypoint.n, 1);
    assert_string_equal(c.entrypoint.v[0], "/init");
}

static void test_settings(void **state)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct image_config c = { 0 };

    (void) state;
    apply(a, &c, "ENV A=1 B=\"two words\" C=it\\ is");
    apply(a, &c, "ENV A=3");
    apply(a, &c, "ENV OLD the old form");
    assert_int_equal(c.env.n, 4);
    assert_string_equal(c.env.v[0], "A=3");
    assert_string_equal(c.env.v[1], "B=two words");
    assert_string_equal(c.env.v[2], "C=it is");
    assert_string_equal(c.env.v[3], "OLD=the old form");
    apply(a, &c, "LABEL a=b 'c d'=e");
    assert_string_equal(oci_pairs_get(&c.labels, "c d"), "e");
    apply(a, &c, "WORKDIR /srv");
    apply(a, &c, "WORKDIR data ");
    assert_string_equal(c.working_dir, "/srv/data");
    apply(a, &c, "USER redis:redis");
    assert_string_equal(c.user, "redis:redis");
    apply(a, &c, "EXPOSE 80 53/udp 8000-8002");
    apply(a, &c, "EXPOSE 80/tcp");
    assert_int_equal(c.exposed_ports.n, 5);
    assert_string_equal(c.exposed_ports.v[0], "80/tcp");
    assert_string_equal(c.exposed_ports.v[4], "8002/tcp");
    apply(a, &c, "VOLUME [\"/data\"]");
    apply(a, &c, "VOLUME /data /log");
    assert_int_equal(c.volumes.n, 2);
    apply(a, &c, "STOPSIGNAL SIGQUIT");
    assert_string_equal(c.stop_signal, "SIGQUIT");
}

static void test_bad_changes(void **state)
{
    static const char *const bad[] = { "",           "CMD",          "RUN rm -rf /", "ENV",
                                       "ENV A",      "ENV =x",       "ENV A=1 B",    "ENV A=\"x",
                                       "EXPOSE 0",   "EXPOSE 65536", "EXPOSE x",     "EXPOSE 80/icmp",
                                       "EXPOSE 9-8", "VOLUME data",  "VOLUME [1]",   "CMD [1]",
                                       "LABEL x",    "USERX a" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        _cleanup_arena_ struct arena *a = arena_new();
        struct image_config c = { 0 };
        if (change_apply(a, bad[i], &c, NULL) != -EINVAL)
            fail_msg("%s was taken", bad[i]);
    }
}

static void test_apt_lines(void **state)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct oci_strings list = { 0 };
    static const char text[] = "# deb http://a bookworm main\n"
                               "deb http://deb.debian.org/debian bookworm main contrib # all\n"
                               "deb-src http://deb.debian.org/debian bookworm main\n"
                               "  deb [arch=amd64 signed-by=/k.gpg] http://s/ bookworm-security main\n"
                               "deb https://other.example nodistro main\n"
                               "deb cdrom:[Debian]/ bookworm main\n"
                               "deb http://x bookwormish main\n";

    (void) state;
    assert_int_equal(apt_sources_parse(a, text, false, "bookworm", -1, "", &list, NULL), 0);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.v[0], "deb http://deb.debian.org/debian bookworm main contrib");
    assert_string_equal(list.v[1], "deb [arch=amd64 signed-by=/k.gpg] http://s/ bookworm-security main");
}

static void test_apt_deb822(void **state)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct oci_strings list = { 0 };
    struct stat st;
    char dir[] = "/tmp/oakum-test-apt.XXXXXX";
    static const char text[] =
        "Types: deb deb-src\n# a remark\nURIs: http://a/debian\nSuites: bookworm bookworm-updates sid\n"
        "Components: main\n contrib\nSigned-By: /usr/share/keyrings/k.gpg\n\n"
        "Types: deb-src\nURIs: http://b\nSuites: bookworm\nComponents: main\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://c\nSuites: bookworm\nComponents: main\n\n"
        "types: deb\nuris: http://d\nsuites: bookworm-security\ncomponents: main\n"
        "signed-by:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abcd\n -----END PGP PUBLIC KEY BLOCK-----";

    (void) state;
    assert_non_null(mkdtemp(dir));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(apt_sources_parse(a, text, true, "bookworm", fd, dir, &list, NULL), 0);
    assert_int_equal(list.n, 3);
    assert_string_equal(list.v[0],
                        "deb [signed-by=/usr/share/keyrings/k.gpg] http://a/debian bookworm main\n contrib");
    assert_string_equal(
        list.v[1],
        "deb [signed-by=/usr/share/keyrings/k.gpg] http://a/debian bookworm-updates main\n contrib");
    assert_string_equal(list.v[2],
                        arena_printf(a, "deb [signed-by=%s/key0.asc] http://d bookworm-security main", dir));
    assert_int_equal(fstatat(fd, "key0.asc", &st, 0), 0);
    assert_int_equal(unlinkat(fd, "key0.asc", 0), 0);
    close(fd);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),    cmocka_unit_test(test_settings),
        cmocka_unit_test(test_bad_changes), cmocka_unit_test(test_apt_lines),
        cmocka_unit_test(test_apt_deb822),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
