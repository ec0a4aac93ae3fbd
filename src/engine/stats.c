// SPDX-License-Identifier: Apache-2.0
/*
 * engine/stats.c: figures for people from what the runtime reads of the cgroup, and from /proc/PID/net/dev of the container's first
 * process.
 *
 * Threat: a pid that is another process by now. The figures of the network count only if the process, by number and start time, is
 * there after they were read.
 */
#include "engine/stats.h"

#include <errno.h>
#include <sys/sysinfo.h>

#include "engine/engine_internal.h"
#include "oci/bigint.h"
#include "sys/file.h"
#include "sys/proc.h"

#define NET_DEV_MAX (4u << 20) /* some 30,000 interfaces */

static uint64_t figure(const json_t *data, const char *part, const char *group, const char *name)
{
    uint64_t v = 0;
    const json_t *o = json_object_get(data, part);
    if (group != NULL)
        o = json_object_get(o, group);
    const json_t *j = json_object_get(o, name);
    return j != NULL && oci_json_to_u64(j, &v) ? v : 0;
}

static uint64_t host_memory(void)
{
    struct sysinfo si;
    return sysinfo(&si) == 0 ? (uint64_t) si.totalram * si.mem_unit : UINT64_MAX;
}

static void add_memory(const json_t *data, struct engine_stats *s)
{
    uint64_t used = figure(data, "memory", "usage", "usage"),
             limit = figure(data, "memory", "usage", "limit");
    /* Version 1's of the whole subtree, else version 2's. */
    uint64_t idle = figure(data, "memory", "raw", "total_inactive_file");
    if (idle == 0)
        idle = figure(data, "memory", "raw", "inactive_file");
    s->memory = idle < used ? used - idle : used;
    s->memory_limit = limit > 0 ? MIN_OF(limit, host_memory()) : host_memory();
}

static void add_io(const json_t *data, struct engine_stats *s)
{
    const json_t *list = json_object_get(json_object_get(data, "blkio"), "ioServiceBytesRecursive"), *one;
    size_t i;
    json_array_foreach(list, i, one)
    {
        const char *op = json_string_value(json_object_get(one, "op"));
        uint64_t v = 0;
        if (op == NULL || !oci_json_to_u64(json_object_get(one, "value"), &v))
            continue;
        if (str_eq(op, "Read"))
            s->read += v;
        else if (str_eq(op, "Write"))
            s->written += v;
    }
}

/* The field-th number of a line, from 0; false: there is none. */
static bool number_of(const char *p, unsigned field, uint64_t *ret)
{
    for (;; field--) {
        p += strspn(p, " ");
        if (*p < '0' || *p > '9')
            return false;
        if (field == 0)
            break;
        p += strspn(p, "0123456789");
    }
    uint64_t n = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t) (*p - '0'), &n))
            return false;
    *ret = n;
    return true;
}

void engine_stats_net(const char *text, uint64_t *ret_received, uint64_t *ret_sent)
{
    uint64_t in, out;
    *ret_received = *ret_sent = 0;
    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        _cleanup_free_ char *one = xstrndup(line, end != NULL ? (size_t) (end - line) : strlen(line));
        const char *name = one + strspn(one, " "), *colon = strrchr(name, ':');
        bool is_lo = colon == name + 2 && strncmp(name, "lo", 2) == 0;
        /* Eight fields of what came in, bytes first; then those of what went out. */
        if (colon != NULL && !is_lo && number_of(colon + 1, 0, &in) && number_of(colon + 1, 8, &out)) {
            *ret_received += in;
            *ret_sent += out;
        }
        line = end != NULL ? end + 1 : NULL;
    }
}

static void add_net(const struct engine_container *c, struct engine_stats *s)
{
    char path[40];
    _cleanup_free_ char *text = NULL;
    if (c->record->network != NULL && str_eq(c->record->network, "host"))
        return;
    _cleanup_close_ int proc = proc_open(NULL);
    if (proc < 0 || str_format(path, sizeof(path), "%d/net/dev", (int) c->pid) < 0 ||
        file_read(proc, path, NET_DEV_MAX, &text, NULL, NULL) < 0 ||
        proc_state(proc, c->pid, c->start_time) == '\0')
        return;
    engine_stats_net(text, &s->received, &s->sent);
}

int engine_stats(struct engine *e, const struct engine_container *c, struct engine_stats *ret,
                 struct error *err)
{
    struct runtime *rt;
    struct error why = { 0 };
    _cleanup_json_ json_t *data = NULL;
    uint64_t kills;
    struct timespec now;
    *ret = (struct engine_stats){ 0 };
    struct engine_container found = *c; /* the record stays c's */
    engine_find_pid(e, &found);
    if (!engine_is_up(found.status) || found.pid <= 0)
        return -ESRCH;
    int r = engine_runtime(e, &rt, err);
    if (r < 0)
        return r;
    r = container_stats(rt, c->record->id, &data, &kills, &why);
    if (r == -ESRCH || r == -ENOENT)
        return -ESRCH;
    if (r < 0) {
        *err = why;
        return r;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    ret->at_ns = (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
    ret->cpu_ns = figure(data, "cpu", "usage", "total");
    ret->processes = figure(data, "pids", NULL, "current");
    add_memory(data, ret);
    add_io(data, ret);
    add_net(&found, ret);
    return 0;
}
