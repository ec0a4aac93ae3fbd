// SPDX-License-Identifier: Apache-2.0
/* confine/mount_options.h: every word, the last one wins, and nothing is silently dropped. */
#include "test_forked.h"

#include <sys/mount.h>

#include "confine/mount_options.h"
#include "sys/mnt.h"

static struct arena *arena;
static struct error err;

static int parse(const char *type, const char *words, struct mount_options *ret)
{
    struct oci_mount m = { .destination = "/x", .type = type };
    char *copy = arena_strdup(arena, words), *save = NULL;
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        oci_strings_add(arena, &m.options, w);
    error_clear(&err);
    return mount_options_parse(arena, &m, 7, ret, &err);
}

static void test_attributes(void **state _unused_)
{
    static const struct {
        const char *words;
        uint64_t set, clear, rec_set, rec_clear;
    } rows[] = {
        { "", 0, 0, 0, 0 },
        { "defaults async", 0, 0, 0, 0 },
        { "ro", MOUNT_ATTR_RDONLY, 0, 0, 0 },
        { "rw", 0, MOUNT_ATTR_RDONLY, 0, 0 },
        { "ro rw", 0, MOUNT_ATTR_RDONLY, 0, 0 },
        { "rw ro", MOUNT_ATTR_RDONLY, 0, 0, 0 },
        { "nosuid nodev noexec", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, 0, 0 },
        { "nosuid suid nodev dev noexec exec", 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0,
          0 },
        { "rro", 0, 0, MOUNT_ATTR_RDONLY, 0 },
        { "rro rrw", 0, 0, 0, MOUNT_ATTR_RDONLY },
        { "ro rnosuid rnoexec", MOUNT_ATTR_RDONLY, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0 },
        { "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0, 0 },
        { "strictatime noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME & ~MOUNT_ATTR_NOATIME, 0, 0 },
        { "nosymfollow nodiratime", MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODIRATIME, 0, 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mount_options o;
        assert_int_equal(parse("bind", rows[i].words, &o), 0);
        if (o.set != rows[i].set ||
            (o.clear & ~(uint64_t) MOUNT_ATTR__ATIME) != (rows[i].clear & ~(uint64_t) MOUNT_ATTR__ATIME))
            fail_msg("\"%s\": set %#llx clear %#llx", rows[i].words, (unsigned long long) o.set,
                     (unsigned long long) o.clear);
        assert_true(o.rec_set == rows[i].rec_set && o.rec_clear == rows[i].rec_clear);
        assert_true(o.bind);
        /* The kernel refuses a new atime mode without the whole field cleared. */
        if (o.set & MOUNT_ATTR__ATIME)
            assert_true((o.clear | o.set) & MOUNT_ATTR__ATIME);
    }
}

/* What the kernel makes of atime words in every order: mount_setattr takes them. */
static void body_atime(void)
{
    static const char *const words[] = {
        "noatime",          "strictatime",      "relatime",   "noatime strictatime",  "strictatime noatime",
        "relatime noatime", "noatime relatime", "norelatime", "nostrictatime noatime"
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct mount_options o;
        check(parse("bind", words[i], &o) == 0);
        int fd = mnt_new("tmpfs", NULL, NULL, 0, &forked_err);
        check(fd >= 0);
        if (mnt_setattr(fd, o.set, o.clear, false, &forked_err) < 0)
            fprintf(stderr, "%s\n", words[i]);
        check(mnt_setattr(fd, o.set, o.clear, false, NULL) == 0);
        close(fd);
    }
}

static void test_atime_in_the_kernel(void **state _unused_)
{
    NEED_ROOT();
    forked(body_atime);
}

static void test_propagation_and_kinds(void **state _unused_)
{
    struct mount_options o;
    assert_int_equal(parse(NULL, "rbind rslave", &o), 0);
    assert_true(o.bind && o.bind_rec && o.propagation == MS_SLAVE && o.propagation_rec);
    assert_int_equal(parse("none", "bind shared idmap", &o), 0);
    assert_true(o.bind && !o.bind_rec && o.propagation == MS_SHARED && !o.propagation_rec && o.idmap &&
                !o.idmap_rec);
    assert_int_equal(parse("bind", "ridmap", &o), 0);
    assert_true(o.idmap && o.idmap_rec);
    assert_int_equal(parse("tmpfs", "rprivate private unbindable", &o), 0);
    assert_true(!o.bind && o.propagation == MS_UNBINDABLE && !o.propagation_rec);
}

static void test_data(void **state _unused_)
{
    struct mount_options o;
    assert_int_equal(parse("tmpfs", "nosuid size=64k mode=1777 huge=never", &o), 0);
    assert_string_equal(o.data[0], "size=64k");
    assert_string_equal(o.data[1], "mode=1777");
    assert_string_equal(o.data[2], "huge=never");
    assert_null(o.data[3]);
    /* Several in one entry, as mount(2) takes them, unless the comma is of a value. */
    assert_int_equal(parse("tmpfs", "size=1m,mode=700, huge=never", &o), 0);
    assert_string_equal(o.data[0], "size=1m");
    assert_string_equal(o.data[1], "mode=700");
    assert_string_equal(o.data[2], "huge=never");
    assert_null(o.data[3]);
    assert_int_equal(parse("overlay", "context=\"a:b,c\" lowerdir=/a\\,b", &o), 0);
    assert_string_equal(o.data[0], "context=\"a:b,c\"");
    assert_string_equal(o.data[1], "lowerdir=/a\\,b");
    assert_null(o.data[2]);
    /* For a bind mount there is nobody who would read it. */
    static const char *const wrong[] = { "size=64k",      "r0",      "RO",  "readonly",
                                         "noexec,nosuid", "bind,ro", "ro=1" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(parse("bind", wrong[i], &o), -EINVAL);
        assert_non_null(strstr(err.msg, "mounts[7].options (/x)"));
        assert_int_equal(parse(NULL, arena_printf(arena, "rbind %s", wrong[i]), &o), -EINVAL);
    }
}

static void test_ways(void **state _unused_)
{
    static const struct {
        const char *word;
        unsigned way;
    } rows[] = { { "remount", MOUNT_WAY_REMOUNT },
                 { "tmpcopyup", MOUNT_WAY_COPY_UP },
                 { "copy-symlink", MOUNT_WAY_COPY_LINK },
                 { "src-nofollow", MOUNT_WAY_SOURCE_LINK },
                 { "dest-nofollow", MOUNT_WAY_TARGET_LINK } };
    struct mount_options o;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(parse("tmpfs", rows[i].word, &o), 0);
        assert_true(o.ways == rows[i].way && o.data[0] == NULL);
    }
    assert_int_equal(parse(NULL, "rbind ro", &o), 0);
    assert_true(o.ways == 0);
}

/* What is of the super block: for a file system, not for a bind; and what no tree can have. */
static void test_super(void **state _unused_)
{
    static const char *const super[] = { "sync", "dirsync" };
    static const char *const hints[] = { "lazytime", "nolazytime" };
    static const char *const nothing[] = { "silent",  "loud",     "mand",   "nomand", "rmand",
                                           "rnomand", "iversion", "rasync", "async",  "noiversion" };
    static const char *const never[] = { "rsync", "rdirsync" };
    struct mount_options o;
    for (size_t i = 0; i < ARRAY_LEN(super); i++) {
        assert_int_equal(parse("bind", super[i], &o), -EINVAL);
        assert_non_null(strstr(err.msg, super[i]));
        assert_int_equal(parse("tmpfs", super[i], &o), 0);
        assert_string_equal(o.data[0], super[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
        assert_true(parse("bind", hints[i], &o) == 0 && o.data[0] == NULL);
        assert_int_equal(parse("tmpfs", hints[i], &o), 0);
        assert_string_equal(o.data[0], hints[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++)
        assert_true(parse("bind", nothing[i], &o) == 0 && parse("tmpfs", nothing[i], &o) == 0 &&
                    o.data[0] == NULL);
    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        assert_int_equal(parse("bind", never[i], &o), -EINVAL);
        assert_non_null(strstr(err.msg, never[i]));
        assert_int_equal(parse("tmpfs", never[i], &o), -EINVAL);
    }
}

static void test_idmap(void **state _unused_)
{
    struct mount_options o;
    assert_int_equal(parse("bind", "ridmap=uids=0-1-10#10-11-10;gids=@0-100-10", &o), 0);
    assert_true(o.idmap && o.idmap_rec && o.uids.n == 2 && o.gids.n == 1);
    assert_true(!o.uids_relative && o.gids_relative);
    assert_true(o.uids.v[1].container_id == 10 && o.uids.v[1].host_id == 11 && o.uids.v[1].size == 10);
    assert_true(o.gids.v[0].container_id == 0 && o.gids.v[0].host_id == 100 && o.gids.v[0].size == 10);
    static const char *const wrong[] = { "idmap=",
                                         "idmap=uids=0-1-10",
                                         "idmap=gids=0-1-10",
                                         "idmap=uids=0-1;gids=0-1-10",
                                         "idmap=uids=0-1-0;gids=0-1-10",
                                         "idmap=uids=0-1-10-3;gids=0-1-10",
                                         "idmap=uids=0-1-10#;gids=0-1-10",
                                         "idmap=uids=0-1-10;gids=0-1-x",
                                         "idmap=uids=0-1-4294967296;gids=0-1-1",
                                         "idmap=uids=0-1-10;uids=0-1-10",
                                         "idmap=uids=0-1-10;gids=0-1-1;more=1-2-3",
                                         "idmap=uids=0-1-1;gids=0-1-1 idmap=uids=0-1-1;gids=0-1-1" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (parse("bind", wrong[i], &o) != -EINVAL)
            fail_msg("\"%s\" was taken", wrong[i]);
        assert_non_null(strstr(err.msg, "mounts[7].options (/x)"));
    }
}

/* Each word that is offered is taken by something. */
static void test_names(void **state _unused_)
{
    const char *const *names = mount_option_names();
    for (size_t k = 0; names[k]; k++) {
        struct mount_options o;
        assert_int_equal(parse("tmpfs", names[k], &o), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_atime_in_the_kernel),
        cmocka_unit_test(test_propagation_and_kinds),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_super),
        cmocka_unit_test(test_idmap),
        cmocka_unit_test(test_names),
    };
    arena = arena_new();
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    return r;
}
