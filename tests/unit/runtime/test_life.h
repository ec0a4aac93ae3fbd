// SPDX-License-Identifier: Apache-2.0
/*
 * A bundle with a busybox root of the test's own, specifications drawn from a few strokes, and what takes all of it away again,
 * whatever became of the body that used it.
 */
#pragma once

#include "../confine/test_forked.h"

#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "runtime/container.h"
#include "sys/file.h"

#define BUSYBOX "/bin/busybox"

static char place[64], group[64];
static struct runtime *rt;

/* ---- a bundle ---- */

static void copy_file(const char *from, const char *to)
{
    _cleanup_free_ char *data = NULL;
    size_t len;
    assert_int_equal(file_read(AT_FDCWD, from, 64 << 20, &data, &len, NULL), 0);
    assert_int_equal(file_replace(AT_FDCWD, to, data, len, 0755, false, NULL), 0);
}

static void make_root(const char *name)
{
    static const char *const dirs[] = { "", "bin", "dev", "etc", "proc", "sys", "tmp", "vol", "sub" };
    static const char *const applets[] = { "sh",    "cat",  "id",   "ls",   "sleep", "true",
                                           "touch", "grep", "stat", "head", "echo",  "kill" };
    char path[256];
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        snprintf(path, sizeof(path), "%s/%s/%s", place, name, dirs[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    snprintf(path, sizeof(path), "%s/%s/bin/busybox", place, name);
    copy_file(BUSYBOX, path);
    for (size_t i = 0; i < ARRAY_LEN(applets); i++) {
        snprintf(path, sizeof(path), "%s/%s/bin/%s", place, name, applets[i]);
        assert_int_equal(symlink("busybox", path), 0);
    }
    snprintf(path, sizeof(path), "%s/%s/etc/from", place, name);
    assert_int_equal(file_replace(AT_FDCWD, path, name, strlen(name), 0644, false, NULL), 0);
}

static int setup(void **state _unused_)
{
    char path[128];
    snprintf(place, sizeof(place), "/tmp/oakum-test-life-XXXXXX");
    snprintf(group, sizeof(group), "/oakum-test-life-%d", (int) getpid());
    assert_non_null(mkdtemp(place));
    assert_int_equal(chmod(place, 0755), 0);
    umask(022);
    make_root("rootfs");
    snprintf(path, sizeof(path), "%s/rt", place);
    return runtime_open(path, &rt, NULL);
}

/* Containers, and processes that were left to us, the reaper of orphans. */
static void take_away(void)
{
    struct container_state **list = NULL;
    size_t n = 0;
    struct error err = { 0 };
    assert_int_equal(container_list(rt, &list, &n, &err), 0);
    for (size_t i = 0; i < n; i++) {
        if (container_delete(rt, list[i]->id, true, &err) < 0)
            fail_msg("left behind: %s", err.msg);
        container_state_free(list[i]);
    }
    free(list);
    for (int i = 0; i < 200 && waitpid(-1, NULL, WNOHANG) >= 0; i++)
        poll(NULL, 0, 10);
}

static bool cgroup_is_left(void)
{
    static const char *const roots[] = { "memory", "pids", "devices", "cpu", "freezer", "unified", "." };
    char path[256];
    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        snprintf(path, sizeof(path), "/sys/fs/cgroup/%s%s", roots[i], group);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static int teardown(void **state _unused_)
{
    take_away();
    runtime_close(rt);
    bool left = cgroup_is_left();
    int r = tree_remove(AT_FDCWD, place, NULL);
    return left || r < 0 ? -1 : 0;
}

/* ---- a specification ---- */

#define MOUNT(to, type, options) \
    "{\"destination\":\"" to "\",\"type\":\"" type "\",\"source\":\"" type "\",\"options\":[" options "]}"
#define DEV                                                        \
    MOUNT("/dev", "tmpfs", "\"nosuid\",\"mode=755\",\"size=64k\"") \
    "," MOUNT("/dev/pts", "devpts", "\"nosuid\",\"noexec\"")
#define PROC MOUNT("/proc", "proc", "\"nosuid\",\"noexec\",\"nodev\"")
#define TMP MOUNT("/tmp", "tmpfs", "\"nosuid\",\"nodev\"")
#define NAMESPACES \
    "{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"network\"},{\"type\":\"cgroup\"}"
#define MAPS \
    "\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}]"

struct sketch {
    const char *script;  /* for sh -c; NULL: sleep 30 */
    const char *mounts;  /* NULL: /dev and /proc */
    const char *before;  /* goes in front of them, with its comma */
    const char *process; /* more members, with the comma in front */
    const char *linux_;  /* the same */
    const char *top;     /* the same, of the whole document */
    bool userns, writable;
};

/* NULL with a message when the document is refused as such. */
static struct oci_spec *draw_any(const struct sketch *k)
{
    _cleanup_strbuf_ struct strbuf s = STRBUF_INIT;
    struct oci_spec *spec = NULL;
    const char *script = k->script ?: "exec sleep 30";
    strbuf_addf(
        &s, "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\",\"readonly\":%s},\"hostname\":\"life\",",
        k->writable ? "false" : "true");
    strbuf_addf(&s, "\"process\":{%s%s\"env\":[\"PATH=/bin\"],\"noNewPrivileges\":true%s,",
                k->process && strstr(k->process, "\"cwd\"") ? "" : "\"cwd\":\"/\",",
                k->process && strstr(k->process, "\"user\"") ? "" : "\"user\":{\"uid\":0,\"gid\":0},",
                k->process ?: "");
    strbuf_addf(&s, "\"args\":[\"sh\",\"-c\",\"%s\"]},\"mounts\":[%s%s],", script, k->before ?: "",
                k->mounts ?: DEV "," PROC);
    strbuf_addf(&s, "\"linux\":{\"cgroupsPath\":\"%s\",\"namespaces\":[" NAMESPACES "%s]", group,
                k->userns ? ",{\"type\":\"user\"}" : "");
    strbuf_addf(&s, "%s%s}%s}", k->userns ? "," MAPS : "", k->linux_ ?: "", k->top ?: "");
    return oci_spec_parse(s.buf, s.len, &spec, &forked_err) < 0 ? NULL : spec;
}

static struct oci_spec *draw(const struct sketch *k)
{
    struct oci_spec *spec = draw_any(k);
    check(spec != NULL);
    return spec;
}

static struct container_options options(const char *id)
{
    return (struct container_options){ .id = id, .bundle = place, .warn_only_rlimits = true };
}

/* Runs it; what it wrote, in a static buffer. *ret_code: its exit code, or the error. */
static const char *run_it(const struct sketch *k, int *ret_code)
{
    static char text[16384];
    error_clear(&forked_err);
    struct oci_spec *spec = draw_any(k);
    struct container_options opt = options("c");
    struct container_exit end;
    char path[128];
    *ret_code = -EINVAL;
    if (!spec)
        return "";
    snprintf(path, sizeof(path), "%s/out", place);
    int saved = dup(STDOUT_FILENO), out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    check(saved >= 0 && out >= 0 && dup2(out, STDOUT_FILENO) >= 0);
    int r = container_run(rt, spec, &opt, &end, &forked_err);
    dup2(saved, STDOUT_FILENO);
    ssize_t n = pread(out, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(out);
    close(saved);
    *ret_code = r < 0 ? r : end.code;
    oci_spec_free(spec);
    return text;
}

static void prints(const struct sketch *k, const char *want)
{
    int code;
    const char *got = run_it(k, &code);
    if (code != 0 || !str_eq(got, want))
        fprintf(stderr, "code %d %s\nwanted: %s\ngot: %s\n", code, forked_err.msg, want, got);
    check(code == 0 && str_eq(got, want));
}

static void own_root(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", place, name);
    check(chown(path, 100000, 100000) == 0);
}
