// SPDX-License-Identifier: Apache-2.0
/*
 * cli/run_warnings.c: what is given up, said once, before the container starts. Not every relaxation is worth a line: these are
 * the ones after which the host is no longer out of reach.
 */
#include "cli/run_flags.h"

static bool is(const char *s, const char *word)
{
    return s != NULL && str_eq(s, word);
}

static bool has_name(const char *path, const char *name)
{
    size_t n = strlen(path), m = strlen(name);
    return n >= m && str_eq(path + n - m, name);
}

static void warn_mount(const struct run_mount *m, struct arena *a, void (*say)(void *arg, const char *text),
                       void *arg)
{
    static const char *const sockets[] = { "/docker.sock", "/containerd.sock", "/podman.sock",
                                           "/crio.sock",   "/run/oakum",       "/run/docker" };
    if (m->kind != RUN_MOUNT_BIND)
        return;
    const char *cleaned;
    if (container_path_clean(a, m->source, &cleaned, NULL) < 0) {
        say(arg,
            arena_printf(a, "%s: the container sees every file of the host%s", m->asked,
                         m->writable.set && m->writable.v ? ", and writes those that its user may" : ""));
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
        if (has_name(cleaned, sockets[i]))
            say(arg,
                arena_printf(
                    a,
                    "%s: who can speak to an engine's socket can start any container, so this is root on the host",
                    m->asked));
    }
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
