// SPDX-License-Identifier: Apache-2.0
/* runtime/state.h: ids, the root, locks, the record and what is made of a damaged one, and status from what the kernel says. */
#include "../confine/test_forked.h"

#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "runtime/state.h"
#include "sys/file.h"
#include "sys/proc.h"

static char place[64];
static struct runtime *rt;
static struct error err;

static int setup(void **state _unused_)
{
    snprintf(place, sizeof(place), "/tmp/oakum-test-state-XXXXXX");
    error_clear(&err);
    return mkdtemp(place) ? runtime_open(place, &rt, &err) : -1;
}

static int teardown(void **state _unused_)
{
    runtime_close(rt);
    return tree_remove(AT_FDCWD, place, NULL);
}

static void test_ids(void **state _unused_)
{
    char longest[257];
    memset(longest, 'a', sizeof(longest));
    longest[256] = '\0';
    const char *const wrong[] = { "",    ".", "..", ".a",  "a/b", "../x",  "/", "a b",
                                  "a\n", "ä", "a%", "a:b", "a@b", longest, NULL };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(container_id_check(wrong[i], NULL), -EINVAL);
        if (wrong[i]) {
            assert_int_equal(state_open(rt, wrong[i], LOCK_SH, NULL), -EINVAL);
            assert_int_equal(state_create(rt, wrong[i], NULL), -EINVAL);
        }
    }
    longest[255] = '\0';
    const char *const right[] = { "a", "A-Z_0.9+x", "-", "_", longest };
    for (size_t i = 0; i < ARRAY_LEN(right); i++)
        assert_int_equal(container_id_check(right[i], NULL), 0);
}

static void test_root(void **state _unused_)
{
    char path[128];
    struct runtime *other = NULL;
    struct stat st;
    snprintf(path, sizeof(path), "%s/deep/er", place);
    assert_int_equal(runtime_open(path, &other, &err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    runtime_close(other);
    other = NULL;
    assert_int_equal(chmod(path, 0722), 0);
    assert_int_equal(runtime_open(path, &other, &err), -EPERM);
    assert_int_equal(chmod(path, 0755), 0); /* to be read by others is no harm */
    assert_int_equal(runtime_open(path, &other, &err), 0);
    runtime_close(other);
    other = NULL;
    snprintf(path, sizeof(path), "%s/file", place);
    assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    assert_true(runtime_open(path, &other, &err) < 0);
    assert_null(other);
}

static void test_lock(void **state _unused_)
{
    assert_int_equal(state_open(rt, "c", LOCK_SH, &err), -ENOENT);
    assert_non_null(strstr(err.msg, "container c does not exist"));
    int fd = state_create(rt, "c", &err);
    assert_true(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
    assert_int_equal(state_create(rt, "c", &err), -EEXIST);
    assert_int_equal(state_open(rt, "c", LOCK_EX | LOCK_NB, NULL), -EWOULDBLOCK);
    assert_int_equal(state_open(rt, "c", LOCK_SH | LOCK_NB, NULL), -EWOULDBLOCK);
    close(fd);
    int a = state_open(rt, "c", LOCK_SH | LOCK_NB, &err), b = state_open(rt, "c", LOCK_SH | LOCK_NB, &err);
    assert_true(a >= 0 && b >= 0);
    close(a);
    close(b);
    /* A link in the root is no container. */
    assert_int_equal(symlinkat("c", rt->fd, "link"), 0);
    assert_true(state_open(rt, "link", LOCK_SH, &err) < 0);
}

/* Who waits for the lock of a container that is removed meanwhile does not get the removed one. */
static void test_removed_while_waiting(void **state _unused_)
{
    int fd = state_create(rt, "c", &err);
    pid_t pid = fork();
    if (pid == 0) {
        close(fd); /* a lock is the open file's, and this is ours, too */
        _exit(state_open(rt, "c", LOCK_EX, NULL) == -ENOENT ? 0 : 1);
    }
    poll(NULL, 0, 50);
    assert_int_equal(state_remove(rt, "c", fd, &err), 0);
    close(fd);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(faccessat(rt->fd, "c", F_OK, 0), -1);
}

static void test_remove_all(void **state _unused_)
{
    int fd = state_create(rt, "c", &err);
    assert_int_equal(state_write_cgroup(fd, "/some/where", &err), 0);
    _cleanup_free_ char *path = state_read_cgroup(fd);
    assert_string_equal(path, "/some/where");
    assert_int_equal(mkfifoat(fd, "start", 0600), 0);
    assert_int_equal(mkdirat(fd, "unknown", 0700), 0);
    assert_int_equal(close(openat(fd, "state.tmp", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    assert_int_equal(state_remove(rt, "c", fd, &err), 0);
    assert_int_equal(faccessat(rt->fd, "c", F_OK, 0), -1);
    assert_int_equal(state_remove(rt, "c", fd, &err), 0); /* absent is success */
    close(fd);
}

static struct record own_record(struct oci_pairs *annotations)
{
    uint64_t start = 0;
    int proc = proc_open(&err);
    assert_int_equal(proc_start_time(proc, getpid(), &start, &err), 0);
    close(proc);
    return (struct record){ .id = "c",
                            .bundle = "/b",
                            .rootfs = "/b/r",
                            .created = "2026-01-01T00:00:00Z",
                            .oci_version = "1.2.0",
                            .cgroup_path = "/no/such",
                            .pid = getpid(),
                            .start_time = start,
                            .owner_uid = 4294967294u,
                            .own_pidns = true,
                            .annotations = *annotations };
}

static void test_record(void **state _unused_)
{
    struct arena *a = arena_new();
    struct oci_pairs pairs = { 0 };
    oci_pairs_set(a, &pairs, "key", "a \"value\"\n with é");
    struct record rec = own_record(&pairs), back;
    int fd = state_create(rt, "c", &err);
    assert_int_equal(state_read(fd, &back, NULL), -ENOENT);
    assert_int_equal(state_write(fd, &rec, &err), 0);
    assert_int_equal(state_read(fd, &back, &err), 0);
    assert_string_equal(back.bundle, "/b");
    assert_string_equal(back.cgroup_path, "/no/such");
    assert_string_equal(oci_pairs_get(&back.annotations, "key"), "a \"value\"\n with é");
    assert_true(back.pid == rec.pid && back.start_time == rec.start_time && back.owner_uid == rec.owner_uid &&
                back.own_pidns);
    arena_free(back.arena);
    struct stat st;
    assert_int_equal(fstatat(fd, "state.json", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    rec.bundle = "not \xff UTF-8";
    assert_true(state_write(fd, &rec, &err) < 0);
    close(fd);
    arena_free(a);
}

static void write_state(int dirfd, const char *text, size_t len)
{
    int fd = openat(dirfd, "state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write_all(fd, text, len), 0);
    close(fd);
}

static void test_damaged(void **state _unused_)
{
    struct oci_pairs none = { 0 };
    struct record rec = own_record(&none), back;
    int fd = state_create(rt, "c", &err);
    assert_int_equal(state_write(fd, &rec, &err), 0);
    _cleanup_free_ char *text = NULL;
    size_t len;
    assert_int_equal(file_read(fd, "state.json", 65536, &text, &len, &err), 0);
    /* Cut anywhere it is not readable, and never half-read. */
    for (size_t n = 0; n < len - 1; n++) {
        write_state(fd, text, n);
        if (state_read(fd, &back, NULL) >= 0)
            fail_msg("cut at %zu", n);
    }
    static const char *const docs[] = {
        "[]",
        "null",
        "1",
        "{}",
        "{\"state\":2}",
        "{\"state\":1,\"id\":1}",
        "{\"state\":1,\"ociVersion\":\"1\",\"id\":\"c\",\"pid\":-1,\"startTime\":1,\"bundle\":\"\",\"rootfs\":\"\",\"created\":\"\",\"cgroupPath\":\"\",\"owner\":0,\"ownPidns\":true,\"annotations\":{}}",
        "{\"state\":1,\"ociVersion\":\"1\",\"id\":\"c\",\"pid\":4294967297,\"startTime\":1,\"bundle\":\"\",\"rootfs\":\"\",\"created\":\"\",\"cgroupPath\":\"\",\"owner\":0,\"ownPidns\":true,\"annotations\":{}}",
        "{\"state\":1,\"ociVersion\":\"1\",\"id\":\"c\",\"pid\":1,\"startTime\":-1,\"bundle\":\"\",\"rootfs\":\"\",\"created\":\"\",\"cgroupPath\":\"\",\"owner\":0,\"ownPidns\":true,\"annotations\":{}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
        write_state(fd, docs[i], strlen(docs[i]));
        int r = state_read(fd, &back, NULL);
        if (r >= 0 || r == -ENOENT)
            fail_msg("%s: %d", docs[i], r);
    }
    /* Nor is a link followed out, or a FIFO waited for. */
    unlinkat(fd, "state.json", 0);
    assert_int_equal(mkfifoat(fd, "state.json", 0600), 0);
    assert_true(state_read(fd, &back, NULL) < 0);
    close(fd);
}

static void test_alive(void **state _unused_)
{
    struct oci_pairs none = { 0 };
    struct record rec = own_record(&none);
    assert_true(state_alive(&rec));
    rec.start_time++;
    assert_false(state_alive(&rec));
    rec.start_time -= 2;
    assert_false(state_alive(&rec));
    rec.pid = 0;
    assert_false(state_alive(&rec));
    rec = own_record(&none);
    rec.pid = fork();
    if (rec.pid == 0)
        _exit(0);
    poll(NULL, 0, 50);
    int proc = proc_open(&err);
    assert_int_equal(proc_start_time(proc, rec.pid, &rec.start_time, &err), 0);
    close(proc);
    assert_false(state_alive(&rec)); /* a zombie */
    waitpid(rec.pid, NULL, 0);
    assert_false(state_alive(&rec));
}

static void test_status(void **state _unused_)
{
    struct oci_pairs none = { 0 };
    struct record rec = own_record(&none);
    int fd = state_create(rt, "c", &err);
    assert_int_equal(state_status(fd, &rec), CONTAINER_RUNNING);
    assert_int_equal(mkfifoat(fd, "start", 0600), 0);
    assert_int_equal(state_status(fd, &rec), CONTAINER_RUNNING); /* nobody reads it */
    int reader = openat(fd, "start", O_RDWR | O_CLOEXEC);
    assert_int_equal(state_status(fd, &rec), CONTAINER_CREATED);
    close(reader);
    assert_int_equal(state_status(fd, &rec), CONTAINER_RUNNING);
    rec.start_time++;
    assert_int_equal(state_status(fd, &rec), CONTAINER_STOPPED);
    close(fd);
    static const char *const names[] = { "creating", "created", "running", "paused", "stopped" };
    for (int i = 0; i < 5; i++)
        assert_string_equal(container_status_name((enum container_status) i), names[i]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_ids),        T(test_root),   T(test_lock),    T(test_removed_while_waiting),
        T(test_remove_all), T(test_record), T(test_damaged), T(test_alive),
        T(test_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
