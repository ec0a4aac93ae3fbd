// SPDX-License-Identifier: Apache-2.0
/* The tar reader's small parts, and whole archives that GNU tar made (formats, long names, sparse files, large numbers). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "image/extract.h"
#include "image/sha256.h"
#include "image/tar.h"
#include "image/tar_pax.h"

static void test_sha256(void **state)
{
    char hex[SHA256_HEX];
    struct sha256 s;

    (void) state;
    sha256_of("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_init(&s);
    sha256_add(&s, "a", 1);
    sha256_add(&s, "bc", 2);
    sha256_hex(&s, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_pax_time(void **state)
{
    static const struct {
        const char *text;
        int64_t sec;
        long nsec;
    } good[] = {
        { "0", 0, 0 },
        { "1", 1, 0 },
        { "1.5", 1, 500000000 },
        { "1.123456789", 1, 123456789 },
        { "1.1234567899", 1, 123456789 },
        { "-1", -1, 0 },
        { "-1.25", -2, 750000000 },
        { "-0.5", -1, 500000000 },
        { "-0.0000000001", -1, 999999999 },
        { "-0", 0, 0 },
        { "1.", 1, 0 },
    };
    static const char *const bad[] = { "",    "-",   ".5", "1.x", "x",
                                       "--1", "1e3", "+1", " 1",  "99999999999999999999",
                                       "1.5 " };
    struct timespec t;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(pax_time(good[i].text, &t), 0);
        assert_int_equal(t.tv_sec, good[i].sec);
        assert_int_equal(t.tv_nsec, good[i].nsec);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(pax_time(bad[i], &t), -EINVAL);
}

static void test_pax_records(void **state)
{
    struct pax p;
    static const char good[] =
        "11 path=ab\n11 path=cd\n9 size=7\n30 SCHILY.xattr.user.x=a\0b=c\n\n13 comment=x\n";
    static const char empty[] = "11 path=ab\n8 path=\n";
    static const char *const bad[] = { "11 path=ab",   "10 path=ab\n",      "12 path=ab\n", "x path=ab\n",
                                       " 9 path=ab\n", "99999999999 a=b\n", "4 =\n",        "5 =a\n",
                                       "-6 a=b\n",     "11 path=ab\nx",     "11 size=-7\n", "9 size=x\n",
                                       "0 \n" };

    (void) state;
    pax_init(&p);
    assert_int_equal(pax_parse(&p, good, sizeof(good) - 1, NULL), 0);
    assert_string_equal(p.path, "cd");
    assert_int_equal(p.size.v, 7);
    assert_int_equal(p.n_xattrs, 1);
    assert_string_equal(p.xattrs[0].name, "user.x");
    assert_int_equal(p.xattrs[0].len, 6);
    assert_memory_equal(p.xattrs[0].value, "a\0b=c\n", 6);
    /* An empty value takes an earlier one back; a new header forgets the old one. */
    assert_int_equal(pax_parse(&p, empty, sizeof(empty) - 1, NULL), 0);
    assert_null(p.path);
    assert_false(p.size.set);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(pax_parse(&p, bad[i], strlen(bad[i]), NULL), -EINVAL);
    pax_free(&p);
}

static void test_clean_name(void **state)
{
    static const char *const good[][2] = {
        { "a/b", "a/b" }, { "/a//b/", "a/b" }, { "./a/./b/.", "a/b" },   { "", "" },         { "/", "" },
        { ".", "" },      { "...", "..." },    { "..a/b..", "..a/b.." }, { "a/.b", "a/.b" },
    };
    static const char *const bad[] = { "..", "../a", "a/..", "/..", "a/../b", "./..", "a//../b" };
    struct strbuf sb = STRBUF_INIT;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(extract_clean_name(good[i][0], &sb, NULL), 0);
        assert_string_equal(sb.buf, good[i][1]);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(extract_clean_name(bad[i], &sb, NULL), -EINVAL);
    strbuf_free(&sb);
}

/* --- archives made by GNU tar --- */

static char dir[] = "/tmp/oakum-test-tar.XXXXXX";

static void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *fmt, ...)
{
    char command[2048];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(command, sizeof(command), fmt, ap);
    va_end(ap);
    assert_int_equal(system(command), 0);
}

static int make_dir(void **state)
{
    (void) state;
    if (mkdtemp(dir) == NULL)
        return -1;
    shell(
        "mkdir -p %s/in/$(printf 'long%%.0s' $(seq 40))/deeper && cd %s/in && cd long* && echo x >deeper/file && cd .. && "
        "ln -s $(printf 'target%%.0s' $(seq 30)) link && truncate -s 20000000 sparse && "
        "for at in 0 100000 5000000 19999999; do printf DATA | dd of=sparse bs=1 seek=$at conv=notrunc status=none; done && "
        "truncate -s 9G huge && printf END | dd of=huge bs=1 seek=9000000000 conv=notrunc status=none && touch -d @1.5 long*",
        dir, dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void) state;
    shell("rm -rf %s", dir);
    return 0;
}

struct seen {
    int members, sparse_right, huge_right, long_name, long_link;
};

static void look_at_data(struct tar *t, const struct tar_entry *e, struct seen *seen)
{
    uint64_t offset, at_data = 0, sum = 0;
    const uint8_t *p;
    size_t len;
    struct error err = { 0 };
    int r;

    while ((r = tar_data(t, &offset, &p, &len, &err)) > 0) {
        for (size_t i = 0; i < len; i++) {
            if (p[i] == 'D')
                at_data += offset + i;
            sum += p[i];
        }
    }
    assert_int_equal(r, 0);
    if (strstr(e->name, "sparse") != NULL && e->size == 20000003 &&
        at_data == 0 + 100000 + 5000000 + 19999999)
        seen->sparse_right++;
    if (strstr(e->name, "huge") != NULL && e->size == 9ULL << 30 && sum == 'E' + 'N' + 'D')
        seen->huge_right++;
}

static void read_archive(const char *path, struct seen *seen)
{
    struct stream_limits limits = { 0 };
    struct error err = { 0 };
    struct stream *s;
    struct tar_entry e;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int r;

    assert_true(fd >= 0);
    assert_int_equal(stream_open(fd, -1, &limits, &s, &err), 0);
    struct tar *t = tar_new(s);
    while ((r = tar_next(t, &e, &err)) > 0) {
        seen->members++;
        if (strlen(e.name) > 160 && strstr(e.name, "/deeper/file") != NULL)
            seen->long_name++;
        if (e.type == TAR_SYMLINK && strlen(e.link) == 180)
            seen->long_link++;
        look_at_data(t, &e, seen);
    }
    assert_int_equal(r, 0);
    assert_true(tar_end_marked(t));
    tar_free(t);
    stream_close(s);
    close(fd);
}

static void test_gnu_tar(void **state)
{
    static const char *const forms[] = {
        "--format=gnu --sparse",
        "--format=pax --sparse --sparse-version=0.0",
        "--format=pax --sparse --sparse-version=0.1",
        "--format=pax --sparse --sparse-version=1.0",
        "--format=pax --sparse --sparse-version=1.0 -z",
        "--format=gnu --sparse -J",
        "--format=gnu --sparse --zstd",
        "--format=gnu --sparse -j",
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct seen seen = { 0 };
        char path[128];
        shell("tar -C %s/in %s -cf %s/tar .", dir, forms[i], dir);
        snprintf(path, sizeof(path), "%s/tar", dir);
        read_archive(path, &seen);
        assert_int_equal(seen.members, 7);
        assert_int_equal(seen.sparse_right, 1);
        assert_int_equal(seen.huge_right, 1);
        assert_int_equal(seen.long_name, 1);
        assert_int_equal(seen.long_link, 1);
    }
}

/* Every place where an archive can be cut, and every byte flipped: an answer, never a crash. The sanitizers look on. */
static void test_damage(void **state)
{
    struct stream_limits limits = { 1 << 20, 0, 0 };
    char path[128];
    uint8_t whole[20480], hurt[20480];

    (void) state;
    shell("cd %s/in && tar --format=pax --sparse --sparse-version=1.0 -cf ../small link long* --mtime=@-1.5",
          dir);
    snprintf(path, sizeof(path), "%s/small", dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, whole, sizeof(whole));
    close(fd);
    assert_true(size > 4096);
    for (ssize_t cut = 0; cut < size; cut += 61) {
        for (int flip = 0; flip < 2; flip++) {
            struct stream *s;
            struct tar_entry e;
            struct error err = { 0 };
            memcpy(hurt, whole, (size_t) size);
            if (flip)
                hurt[cut] ^= 0x41;
            fd = memfd_create("tar", MFD_CLOEXEC);
            assert_int_equal(write(fd, hurt, flip ? (size_t) size : (size_t) cut), flip ? size : cut);
            lseek(fd, 0, SEEK_SET);
            if (stream_open(fd, -1, &limits, &s, &err) == 0) {
                struct tar *t = tar_new(s);
                while (tar_next(t, &e, &err) > 0)
                    ;
                assert_true(flip || err.code < 0 || !tar_end_marked(t) || cut > size - 10240);
                tar_free(t);
                stream_close(s);
            }
            close(fd);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),      cmocka_unit_test(test_pax_time),
        cmocka_unit_test(test_pax_records), cmocka_unit_test(test_clean_name),
        cmocka_unit_test(test_gnu_tar),     cmocka_unit_test(test_damage),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
