// SPDX-License-Identifier: Apache-2.0
/*
 * cli/run_warnings.c: what is given up, said once, before the container starts. Not every relaxation is worth a line: these are
 * the ones after which the host is no longer out of reach. A mount is judged by where its source leads, not by its spelling:
 * /./ and a link to an engine's socket are what they lead to.
 */
#include <fcntl.h>
#include <limits.h>

#include "cli/run_flags.h"
#include "sys/file.h"

static bool is(const char *s, const char *word)
{
    return s != NULL && str_eq(s, word);
}

static bool ends_with(const char *path, const char *name)
{
    size_t n = strlen(path), m = strlen(name);
    return n >= m && str_eq(path + n - m, name);
}

/* path is dir or lies below it. */
static bool is_below(const char *path, const char *dir)
{
    const char *rest = str_after(path, dir);
    return rest != NULL && (*rest == '\0' || *rest == '/' || str_eq(dir, "/"));
}

/* Where the path leads, links followed; as it is written where nothing is yet. */
static const char *resolved(struct arena *a, const char *path)
{
    char link[48], to[PATH_MAX];
    _cleanup_close_ int fd = file_open(AT_FDCWD, path, O_PATH, 0, NULL);
    if (fd < 0 || str_format(link, sizeof(link), "/proc/self/fd/%d", fd) < 0)
        return path;
    ssize_t n = readlinkat(AT_FDCWD, link, to, sizeof(to));
    return n > 0 && (size_t) n < sizeof(to) ? arena_strndup(a, to, (size_t) n) : path;
}

/* An engine's socket, or a directory in which one lies. */
static bool reaches_an_engine(const char *path)
{
    static const char *const names[] = { "/docker.sock", "/containerd.sock", "/podman.sock", "/crio.sock" };
    static const char *const places[] = { "/run/docker.sock", "/run/containerd/containerd.sock",
                                          "/run/podman/podman.sock", "/run/crio/crio.sock", "/run/oakum" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (ends_with(path, names[i]))
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (is_below(places[i], path))
            return true;
    }
    return is_below(path, "/run/oakum") || is_below(path, "/run/docker");
}

static void warn_mount(const struct run_mount *m, struct arena *a, void (*say)(void *arg, const char *text),
                       void *arg)
{
    if (m->kind != RUN_MOUNT_BIND)
        return;
    const char *to = resolved(a, m->source);
    if (str_eq(to, "/"))
        say(arg,
            arena_printf(a, "%s: the container sees every file of the host%s", m->asked,
                         m->writable.set && m->writable.v ? ", and writes those that its user may" : ""));
    else if (reaches_an_engine(to))
        say(arg,
            arena_printf(
                a,
                "%s: who can speak to an engine's socket can start any container, so this is root on the host",
                m->asked));
}

void run_warnings(const struct run_options *o, void (*say)(void *arg, const char *text), void *arg)
{
    const struct {
        bool on;
        const char *text;
    } table[] = {
        { o->privileged,
          "--privileged: all capabilities, all devices, no system call filter, no hidden files, no user namespace: root in "
          "this container is root on the host" },
        { is(o->userns, "host") && !o->privileged,
          "--userns host: ids in the container are the host's; who escapes from it as root is root on the host" },
        { is(o->network, "host"),
          "--network host: the container reaches every service of the host, also those that listen on loopback and "
          "on abstract sockets, and can listen on every port" },
        { is(o->pid, "host"),
          "--pid host: the container sees every process of the host, and with the same user may signal and trace them" },
        { is(o->ipc, "host"),
          "--ipc host: the container shares memory and message queues with every process of the host" },
        { is(o->seccomp, "unconfined"),
          "--security-opt seccomp=unconfined: every system call of the kernel is within the container's reach" },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].on)
            say(arg, table[i].text);
    }
    for (size_t i = 0; i < o->n_mounts; i++)
        warn_mount(&o->mounts[i], o->arena, say, arg);
}
