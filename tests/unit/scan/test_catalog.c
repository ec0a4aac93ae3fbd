// SPDX-License-Identifier: Apache-2.0
/* Catalogs of small trees: what is named, what is unknown, what must never be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "image/sandbox.h"
#include "scan/catalog.h"
#include "sys/file.h"
#include "sys/seal.h"

struct tree {
    char path[256];
    int layer[3];
};

static int setup(void **state)
{
    struct tree *t = xcalloc(1, sizeof(*t));
    const char *tmp = getenv("TMPDIR");
    snprintf(t->path, sizeof(t->path), "%s/oakum-catalog-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(t->path) == NULL)
        return -1;
    int top = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof(name), "%d", i);
        if (mkdirat(top, name, 0755) < 0 ||
            (t->layer[i] = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
            return -1;
    }
    close(top);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct tree *t = *state;
    for (int i = 0; i < 3; i++)
        close(t->layer[i]);
    int r = tree_remove(AT_FDCWD, t->path, NULL);
    free(t);
    return r;
}

static void put(int dirfd, const char *path, const char *text, size_t len)
{
    _cleanup_free_ char *dir = xstrdup(path);
    char *slash = strrchr(dir, '/');
    if (slash != NULL) {
        *slash = '\0';
        assert_int_equal(dir_make_all(dirfd, dir, 0755, NULL), 0);
    }
    int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write_all(fd, text, len), 0);
    close(fd);
}

static void put_text(int dirfd, const char *path, const char *text)
{
    put(dirfd, path, text, strlen(text));
}

static void whiteout(int dirfd, const char *path)
{
    _cleanup_free_ char *dir = xstrdup(path);
    *strrchr(dir, '/') = '\0';
    assert_int_equal(dir_make_all(dirfd, dir, 0755, NULL), 0);
    assert_int_equal(mknodat(dirfd, path, S_IFCHR | 0600, 0), 0);
}

static struct catalog *read_of(const struct tree *t, size_t n)
{
    struct catalog *c = NULL;
    struct error err = { 0 };
    if (catalog_read(t->layer, n, &c, &err) < 0)
        fail_msg("%s", err.msg);
    return c;
}

static const struct component *find(const struct catalog *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (str_eq(c->v[i].name, name))
            return &c->v[i];
    return NULL;
}

static const char *reason(const struct catalog_notes *notes, const char *path)
{
    for (size_t i = 0; i < notes->n; i++)
        if (str_eq(notes->v[i].path, path))
            return notes->v[i].reason;
    return NULL;
}

static void test_dpkg(void **state)
{
    const struct tree *t = *state;
    put_text(t->layer[0], "usr/lib/os-release",
             "NAME=\"x\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n");
    assert_int_equal(dir_make_all(t->layer[0], "etc", 0755, NULL), 0);
    assert_int_equal(symlinkat("../usr/lib/os-release", t->layer[0], "etc/os-release"), 0);
    put_text(
        t->layer[0], "var/lib/dpkg/status",
        "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n"
        "Description: a\n Package: notone\n\n"
        "Package: libc-bin\nStatus: hold ok installed\nSource: glibc (2.36-9)\nVersion: 2.36-9+b1\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
        "Package: half\nStatus: install ok half-installed\nVersion: 1\n\n"
        "Package: broken\nStatus: install ok installed\n");
    put_text(t->layer[0], "var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\n");
    put_text(t->layer[0], "var/lib/dpkg/status.d/base.md5sums",
             "d41d8cd98f00b204e9800998ecf8427e  usr/bin/owned\n");
    put_text(t->layer[0], "var/lib/dpkg/info/x.list", "/.\n/bin/ours\n");
    put_text(t->layer[0], "usr/bin/owned", "\177ELF....");
    put_text(t->layer[0], "usr/bin/ours", "\177ELF....");
    put_text(t->layer[0], "usr/bin/stray", "\177ELF....");
    _cleanup_catalog_ struct catalog *c = read_of(t, 1);
    assert_int_equal(c->n, 3);
    assert_string_equal(c->os_id, "debian");
    assert_string_equal(c->os_codename, "bookworm");
    assert_string_equal(find(c, "zlib1g")->source, "zlib");
    assert_string_equal(find(c, "zlib1g")->source_version, "1:1.2.13.dfsg-1");
    assert_string_equal(find(c, "libc-bin")->source_version, "2.36-9");
    assert_string_equal(find(c, "base-files")->source, "base-files");
    assert_non_null(reason(&c->unreadable, "var/lib/dpkg/status")); /* the broken one */
    assert_non_null(reason(&c->unknown, "usr/bin/stray"));
    assert_null(reason(&c->unknown, "usr/bin/owned"));
    assert_null(reason(&c->unknown, "usr/bin/ours"));
    _cleanup_arena_ struct arena *a = arena_new();
    assert_string_equal(catalog_purl(c, find(c, "zlib1g"), a),
                        "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12&upstream=zlib");
}

static void test_apk_and_empty(void **state)
{
    const struct tree *t = *state;
    put_text(t->layer[0], "lib/apk/db/installed",
             "C:Q1\nP:ssl_client\nV:1.36.1-r29\nA:x86_64\no:busybox\nF:usr/bin\nR:ssl_client\n\n");
    put_text(t->layer[0], "usr/lib/apk/db/installed", "");
    _cleanup_catalog_ struct catalog *c = read_of(t, 1);
    assert_int_equal(c->n, 1);
    assert_string_equal(c->v[0].source, "busybox");
    /* A database that was emptied is no clean image. */
    assert_non_null(reason(&c->unreadable, "usr/lib/apk/db/installed"));
}

/* A database that is a link to the host's, a directory that is one, and names that are no UTF-8. */
static void test_links(void **state)
{
    const struct tree *t = *state;
    assert_int_equal(dir_make_all(t->layer[0], "var/lib", 0755, NULL), 0);
    assert_int_equal(symlinkat("/var/lib/dpkg", t->layer[0], "var/lib/dpkg"), 0);
    assert_int_equal(dir_make_all(t->layer[0], "lib/apk/db", 0755, NULL), 0);
    assert_int_equal(symlinkat("/etc/passwd", t->layer[0], "lib/apk/db/installed"), 0);
    assert_int_equal(symlinkat("/", t->layer[0], "all"), 0);
    put_text(t->layer[0], "opt/\xff\x1b[2J.jar", "x");
    _cleanup_catalog_ struct catalog *c = read_of(t, 1);
    assert_int_equal(c->n, 0);
    assert_int_equal(c->files, 1);
    assert_non_null(reason(&c->unreadable, "opt/\\xff\x1b[2J.jar"));
}

static void test_languages(void **state)
{
    const struct tree *t = *state;
    put_text(t->layer[0], "usr/lib/python3/site-packages/Foo_Bar-1.0.dist-info/METADATA",
             "Metadata-Version: 2.1\nName: Foo_.Bar\nVersion: 1.0\n\nName: no\n");
    put_text(t->layer[0], "app/node_modules/@s/lib/package.json",
             "{\"name\": \"@s/lib\", \"version\": \"2.0.1\"}");
    put_text(t->layer[0], "app/node_modules/@s/lib/esm/package.json", "{\"type\": \"module\"}");
    put_text(t->layer[0], "app/node_modules/bad/package.json", "{\"name\": \"bad\"");
    put_text(t->layer[0], "app/package.json", "{\"name\": \"app\", \"version\": \"1\"}");
    put_text(t->layer[0], "app/x.tar.gz", "x");
    put_text(t->layer[0], "var/lib/rpm/rpmdb.sqlite", "SQLite format 3");
    _cleanup_catalog_ struct catalog *c = read_of(t, 1);
    assert_int_equal(c->n, 2);
    assert_string_equal(find(c, "foo-bar")->version, "1.0");
    assert_string_equal(find(c, "@s/lib")->version, "2.0.1");
    assert_non_null(reason(&c->unreadable, "app/node_modules/bad/package.json"));
    assert_non_null(reason(&c->unreadable, "var/lib/rpm/rpmdb.sqlite"));
    assert_non_null(reason(&c->unknown, "app/x.tar.gz"));
}

static void test_layers(void **state)
{
    const struct tree *t = *state;
    put_text(t->layer[0], "a/node_modules/one/package.json", "{\"name\": \"one\", \"version\": \"1\"}");
    put_text(t->layer[0], "a/node_modules/two/package.json", "{\"name\": \"two\", \"version\": \"1\"}");
    put_text(t->layer[0], "a/node_modules/three/package.json", "{\"name\": \"three\", \"version\": \"1\"}");
    put_text(t->layer[0], "b/node_modules/four/package.json", "{\"name\": \"four\", \"version\": \"1\"}");
    whiteout(t->layer[1], "a/node_modules/one/package.json");
    whiteout(t->layer[1], "a/node_modules/two");
    put_text(t->layer[1], "b/node_modules/five/package.json", "{\"name\": \"five\", \"version\": \"1\"}");
    put_text(t->layer[2], "a/node_modules/three/package.json", "{\"name\": \"three\", \"version\": \"2\"}");
    int b = openat(t->layer[1], "b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool opaque = fsetxattr(b, "user.overlay.opaque", "y", 1, 0) == 0;
    close(b);
    _cleanup_catalog_ struct catalog *c = read_of(t, 3);
    assert_null(find(c, "one"));
    assert_null(find(c, "two"));
    assert_string_equal(find(c, "three")->version, "2");
    assert_int_equal(find(c, "three")->layer, 2);
    assert_non_null(find(c, "five"));
    if (opaque)
        assert_null(find(c, "four"));
    else
        print_message("skipped: no user attributes below %s: opaque directories were not tried\n", t->path);
}

/* The worker's answer is the catalog; and it sees nothing but the layers. */
static void test_worker(void **state)
{
    const struct tree *t = *state;
    struct catalog *c = NULL;
    struct error err = { 0 };
    put_text(t->layer[0], "app/node_modules/one/package.json", "{\"name\": \"one\", \"version\": \"1\"}");
    put_text(t->layer[1], "app/node_modules/two/package.json", "{\"name\": \"two\", \"version\": \"1\"}");
    if (catalog_run(t->layer, 3, &c, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(c->n, 2);
    assert_int_equal(find(c, "two")->layer, 1);
    _cleanup_json_ json_t *j = catalog_json(c);
    _cleanup_free_ char *text = json_text(j, 0);
    catalog_free(c);
    c = NULL;
    assert_int_equal(catalog_from_json(text, strlen(text), 3, &c, &err), 0);
    catalog_free(c);
    c = NULL;
    /* A layer that there is not; each cut-off. */
    assert_int_equal(catalog_from_json(text, strlen(text), 1, &c, &err), -EPROTO);
    for (size_t n = 0; n < strlen(text); n++)
        assert_true(catalog_from_json(text, n, 3, &c, &err) < 0);
    assert_null(c);
}

enum { MAY = 0, MAY_NOT = 1, BROKEN = 2 };

/* In the worker's place: what a captured one would try. */
_noreturn_ static void captured(const struct tree *t, int trial, int message_fd)
{
    const int also[] = { t->layer[1] };
    const struct sandbox_options so = { .dir = t->layer[0],
                                        .also = also,
                                        .n_also = 1,
                                        .read_only = true,
                                        .message_fd = message_fd,
                                        .last_fd = 1023,
                                        .userns_fd = -1,
                                        .memory = 256u << 20 };
    int host = openat(AT_FDCWD, "/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
    if (host < 0 || sandbox_enter(&so, NULL) < 0)
        _exit(BROKEN);
    switch (trial) {
    case 0: fd = openat(t->layer[0], "file", O_RDONLY | O_CLOEXEC); break;
    case 1: fd = openat(t->layer[1], "file", O_RDONLY | O_CLOEXEC); break;
    case 2: fd = openat(t->layer[2], "file", O_RDONLY | O_CLOEXEC); break; /* a layer of another image */
    case 3: fd = openat(host, "passwd", O_RDONLY | O_CLOEXEC); break;
    case 4: fd = openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC); break;
    case 5: fd = openat(t->layer[1], "file", O_WRONLY | O_CLOEXEC); break;
    case 6: fd = openat(t->layer[1], "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600); break;
    default: fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); break; /* ends here */
    }
    _exit(fd >= 0 ? MAY : MAY_NOT);
}

/* Against a parser in the hands of the image's maker: its layers for reading, and nothing else. */
static void test_captured(void **state)
{
    static const int expected[] = { MAY, MAY, MAY_NOT, MAY_NOT, MAY_NOT, MAY_NOT, MAY_NOT };
    const struct tree *t = *state;
    if (getuid() != 0) {
        print_message("skipped: needs root, for whom nothing else is out of reach\n");
        skip();
    }
    for (int i = 0; i < 3; i++)
        put_text(t->layer[i], "file", "x");
    for (int i = 0; i < (int) ARRAY_LEN(expected) + 1; i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0)
            captured(t, i, STDERR_FILENO);
        assert_true(waitpid(pid, &status, 0) == pid);
        if (i == (int) ARRAY_LEN(expected)) {
            if (!SEAL_SANITIZED) /* the filter cannot stand around AddressSanitizer */
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
        } else if (!WIFEXITED(status) || WEXITSTATUS(status) != expected[i]) {
            fail_msg("trial %d: status %#x", i, (unsigned) status);
        }
    }
}

/* A Go program's information in its 1.18 form, at every length of the file. */
static void test_go(void **state)
{
    const struct tree *t = *state;
    unsigned char elf[512] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
    static const char modules[] =
        "0123456789abcdefpath\tx\nmod\tx\t(devel)\t\ndep\texample.com/a\tv1.0.0\th1:x\ndep\texample.com/b\tv1.0.0\n=>\texample.com/c\tv2.0.0\n0123456789abcdef";
    elf[32] = 64;                /* e_phoff */
    elf[54] = 56;                /* e_phentsize */
    elf[56] = 1;                 /* e_phnum */
    elf[64] = 1;                 /* PT_LOAD */
    elf[68] = 6;                 /* read, write */
    elf[72] = 128;               /* p_offset */
    elf[81] = 0x10;              /* p_vaddr */
    elf[96] = 0x80, elf[97] = 1; /* p_filesz: 384 */
    memcpy(elf + 128, "\xff Go buildinf:\x08\x02", 16);
    elf[160] = 8;
    memcpy(elf + 161, "go1.21.3", 8);
    size_t n = sizeof(modules) - 1;
    elf[169] = (unsigned char) (0x80 | (n & 0x7f));
    elf[170] = (unsigned char) (n >> 7);
    memcpy(elf + 171, modules, n);
    for (size_t len = 0; len <= sizeof(elf); len++) {
        put(t->layer[0], "bin/tool", (const char *) elf, len);
        _cleanup_catalog_ struct catalog *c = read_of(t, 1);
        /* Never nothing: named, or a note that says why not (less than a magic is no program). */
        assert_true(len < 4 || c->n + c->unknown.n + c->unreadable.n > 0);
        if (len == sizeof(elf)) {
            assert_string_equal(find(c, "stdlib")->version, "1.21.3");
            assert_string_equal(find(c, "example.com/a")->version, "v1.0.0");
            assert_string_equal(find(c, "example.com/c")->version, "v2.0.0");
            assert_null(find(c, "example.com/b"));
            assert_string_equal(reason(&c->unknown, "bin/tool"), "a Go module without a version: x");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_dpkg, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apk_and_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links, setup, teardown),
        cmocka_unit_test_setup_teardown(test_languages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_layers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_worker, setup, teardown),
        cmocka_unit_test_setup_teardown(test_captured, setup, teardown),
        cmocka_unit_test_setup_teardown(test_go, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
