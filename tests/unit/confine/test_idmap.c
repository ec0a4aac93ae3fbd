// SPDX-License-Identifier: Apache-2.0
/* confine/idmap.h with subid files of the test's own, mounted over the host's in a mount namespace. */
#include "test_forked.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "confine/idmap.h"
#include "sys/file.h"

static char place[64];
static int claims;

static int setup(void **state _unused_)
{
    snprintf(place, sizeof(place), "/tmp/oakum-test-idmap-XXXXXX");
    return mkdtemp(place) && (claims = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0 ? 0 : -1;
}

static int teardown(void **state _unused_)
{
    close(claims);
    return tree_remove(AT_FDCWD, place, NULL);
}

static void cover(const char *path, const char *text)
{
    char file[] = "/run/oakum-test-subid-XXXXXX";
    int fd = mkstemp(file);
    check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text));
    close(fd);
    check(mount(file, path, NULL, MS_BIND, NULL) == 0);
    unlink(file);
}

/* For a forked body: these are the host's files now. */
static void subids(const char *uids, const char *gids)
{
    check(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    cover("/etc/subuid", uids);
    cover("/etc/subgid", gids);
}

static bool exists(uint32_t first, const char *owner)
{
    char name[16], text[64] = "";
    snprintf(name, sizeof(name), "%u", first);
    return readlinkat(claims, name, text, sizeof(text) - 1) > 0 && str_eq(text, owner);
}

static void body_default(void)
{
    subids("", "");
    uint32_t a = 0, b = 0;
    check(idmap_claim(claims, "one", &a, &forked_err) == 0);
    check(idmap_claim(claims, "two", &b, &forked_err) == 0);
    check(a != b && exists(a, "one") && exists(b, "two"));
    for (int i = 0; i < 300; i++) {
        check(idmap_claim(claims, "many", &a, &forked_err) == 0);
        check(a % IDMAP_RANGE == 0 && a >= 0x40000000u && a + (IDMAP_RANGE - 1) <= 0x7FFEFFFFu);
    }
}

static void body_own_range(void)
{
    subids("root:1:2\noakum:200000:131072\n#oakum:1:2\nbroken\nx:y:z\n", "oakum:200000:131072\n");
    uint32_t a = 0, b = 0, c = 7;
    check(idmap_claim(claims, "a", &a, &forked_err) == 0 && idmap_claim(claims, "b", &b, &forked_err) == 0);
    check(MIN_OF(a, b) == 200000 && MAX_OF(a, b) == 200000 + IDMAP_RANGE);
    check(idmap_claim(claims, "c", &c, &forked_err) == -ENOSPC && c == 7);
    /* Only its owner gives it back, and giving back twice is nothing. */
    check(idmap_release(claims, a, "b", &forked_err) == 0 && exists(a, "a"));
    check(idmap_release(claims, a, "a", &forked_err) == 0 && !exists(a, "a"));
    check(idmap_release(claims, a, "a", &forked_err) == 0);
    check(idmap_claim(claims, "c", &c, &forked_err) == 0 && c == a);
}

static void body_others(void)
{
    /* Somebody else has ids in the middle of the second and at the end of the third of four ranges. */
    subids("oakum:65536:262144\nann:140000:10\n", "oakum:65536:262144\nbob:262143:5\n");
    uint32_t got = 0;
    check(idmap_claim(claims, "a", &got, &forked_err) == 0 && got == 65536);
    check(idmap_claim(claims, "b", &got, &forked_err) ==
          -ENOSPC); /* bob has the first ids of the fourth, too */
}

static void refused(const char *uids, const char *gids, const char *says)
{
    uint32_t got = 7;
    subids(uids, gids);
    check(idmap_claim(claims, "a", &got, &forked_err) < 0 && got == 7);
    check_says(says);
}

static void body_disagree(void)
{
    refused("oakum:200000:65536\n", "oakum:300000:65536\n", "different ranges");
}

static void body_one_file(void)
{
    refused("oakum:200000:65536\n", "", "different ranges");
}

static void body_few(void)
{
    refused("oakum:200000:65535\n", "oakum:200000:65535\n", "needs 65536");
}

static void body_root(void)
{
    refused("oakum:0:65536\n", "oakum:0:65536\n", "host's root");
}

static void body_carry(void)
{
    refused("oakum:4294901760:131072\n", "oakum:4294901760:131072\n", "host's root");
}

static bool is_kept(const char *owner, void *arg)
{
    ++*(int *) arg;
    return str_eq(owner, "kept");
}

static int count_entry(int dirfd _unused_, const char *name _unused_, unsigned char type _unused_, void *arg)
{
    ++*(int *) arg;
    return 0;
}

static void body_collect(void)
{
    uint32_t kept, gone;
    int asked = 0;
    subids("", "");
    check(idmap_claim(claims, "kept", &kept, &forked_err) == 0 &&
          idmap_claim(claims, "gone", &gone, &forked_err) == 0);
    check(idmap_collect(claims, is_kept, &asked, &forked_err) == 0);
    check(asked == 2 && exists(kept, "kept") && !exists(gone, "gone"));
}

static size_t left(void)
{
    int n = 0;
    dir_each(claims, ".", count_entry, &n, NULL);
    return (size_t) n;
}

/* In whatever order they go, the last one takes the claim along, and it is somebody's all the time. */
static void body_share(void)
{
    static const char *const orders[][3] = {
        { "x", "y", "z" }, { "x", "z", "y" }, { "y", "x", "z" },
        { "y", "z", "x" }, { "z", "x", "y" }, { "z", "y", "x" },
    };
    subids("oakum:65536:65536\n", "oakum:65536:65536\n");
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        uint32_t first = 0, other = 0;
        check(idmap_claim(claims, "x", &first, &forked_err) == 0);
        check(idmap_share(claims, first, "nobody", "y", &forked_err) == -ESTALE);
        check(idmap_share(claims, first, "x", "y", &forked_err) == 0);
        check(idmap_share(claims, first, "y", "z", &forked_err) == 0); /* who shares may share */
        check(idmap_release(claims, first, "nobody", &forked_err) == 0);
        for (size_t k = 0; k < 3; k++) {
            check(idmap_claim(claims, "new", &other, NULL) == -ENOSPC);
            check(idmap_release(claims, first, orders[i][k], &forked_err) == 0);
            check(idmap_share(claims, first, orders[i][k], "late", &forked_err) == -ESTALE);
        }
        check(left() == 0);
    }
}

/* What a kill between two steps leaves, and containers that went without giving back. */
static void body_share_mended(void)
{
    uint32_t first = 0;
    int asked = 0;
    subids("oakum:65536:65536\n", "oakum:65536:65536\n");
    check(idmap_claim(claims, "x", &first, &forked_err) == 0);
    check(mkdirat(claims, "65536.shared", 0700) == 0); /* killed in sharing */
    check(idmap_release(claims, first, "x", &forked_err) == 0 && left() == 0);

    check(idmap_claim(claims, "x", &first, &forked_err) == 0);
    check(idmap_share(claims, first, "x", "y", &forked_err) == 0);
    check(symlinkat("y", claims, "65536.heir") == 0); /* killed in inheriting, before the rename */
    check(idmap_release(claims, first, "x", &forked_err) == 0 && exists(first, "y") && left() == 1);
    check(mkdirat(claims, "65536.shared", 0700) == 0 && symlinkat("y", claims, "65536.shared/y") == 0);
    check(idmap_release(claims, first, "y", &forked_err) == 0 && left() == 0); /* … and after it */

    check(idmap_claim(claims, "gone", &first, &forked_err) == 0);
    check(idmap_share(claims, first, "gone", "also gone", &forked_err) == 0);
    check(idmap_share(claims, first, "gone", "kept", &forked_err) == 0);
    check(idmap_collect(claims, is_kept, &asked, &forked_err) == 0 && exists(first, "kept"));
    check(left() == 1);
    check(idmap_share(claims, first, "kept", "y", &forked_err) == 0);
    check(idmap_release_all(claims, "y", &forked_err) == 0 && exists(first, "kept") && left() == 1);
    check(idmap_release_all(claims, "kept", &forked_err) == 0 && left() == 0);
}

/* Eight processes share and give back at once: never without an owner, and nothing is left. */
static void body_share_race(void)
{
    uint32_t first = 0, other;
    subids("oakum:65536:65536\n", "oakum:65536:65536\n");
    check(idmap_claim(claims, "x", &first, &forked_err) == 0);
    pid_t pids[8];
    for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            char name[8];
            int bad = 0, own = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            snprintf(name, sizeof(name), "y%zu", i);
            for (int k = 0; k < 50; k++) {
                bad += idmap_share(own, first, "x", name, NULL) != 0;
                bad += idmap_claim(own, name, &other, NULL) != -ENOSPC;
                bad += idmap_release(own, first, name, NULL) != 0;
            }
            _exit(bad > 0);
        }
    }
    int status, bad = 0;
    for (size_t i = 0; i < ARRAY_LEN(pids); i++)
        bad += waitpid(pids[i], &status, 0) != pids[i] || status != 0;
    check(bad == 0 && exists(first, "x"));
    check(idmap_release(claims, first, "x", &forked_err) == 0 && left() == 0);
}

/* Eight processes at once in a pool of 100: as many claims, no two of one range. */
static void body_race(void)
{
    subids("oakum:65536:6553600\n", "oakum:65536:6553600\n");
    pid_t pids[8];
    for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            uint32_t got;
            int n = 0;
            while (n < 12 && idmap_claim(claims, "x", &got, NULL) == 0)
                n++;
            _exit(n);
        }
    }
    int total = 0, status;
    for (size_t i = 0; i < ARRAY_LEN(pids); i++)
        if (waitpid(pids[i], &status, 0) == pids[i])
            total += WEXITSTATUS(status);
    int links = 0;
    check(idmap_collect(claims, is_kept, &links, &forked_err) == 0);
    check(total == 96 && links == 96);
}

static void test_claims(void **state)
{
    static void (*const bodies[])(void) = { body_default,   body_own_range, body_others, body_disagree,
                                            body_one_file,  body_few,       body_root,   body_carry,
                                            body_collect,   body_race,      body_share,  body_share_mended,
                                            body_share_race };
    NEED_ROOT();
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        assert_int_equal(setup(state), 0);
        int status = forked_status(bodies[i]);
        assert_int_equal(teardown(state), 0);
        if (status != 0)
            fail_msg("body %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_claims) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
