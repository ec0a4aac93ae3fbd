// SPDX-License-Identifier: Apache-2.0
/* monitor/options.c: the monitor's command line, in one table for both sides; and the exit file. */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/parse.h"
#include "monitor/monitor.h"

static const struct {
    const char *key;
    bool text;
    size_t offset;
} fields[] = {
    { "pid=", false, offsetof(struct monitor_options, pid) },
    { "adopted=", false, offsetof(struct monitor_options, adopted) },
    { "policy=", false, offsetof(struct monitor_options, policy) },
    { "max=", false, offsetof(struct monitor_options, max) },
    { "restarts=", false, offsetof(struct monitor_options, restarts) },
    { "backoff-ms=", false, offsetof(struct monitor_options, backoff_ms) },
    { "dumpable=", false, offsetof(struct monitor_options, dumpable) },
    { "stdin-once=", false, offsetof(struct monitor_options, stdin_once) },
    { "timeout-s=", false, offsetof(struct monitor_options, timeout_s) },
    { "health-ms=", false, offsetof(struct monitor_options, health_ms) },
    { "health-soon-ms=", false, offsetof(struct monitor_options, health_soon_ms) },
    { "no-log=", false, offsetof(struct monitor_options, no_log) },
    { "sink=", false, offsetof(struct monitor_options, sink) },
    { "facility=", false, offsetof(struct monitor_options, facility) },
    { "drop=", false, offsetof(struct monitor_options, drop) },
    { "buffer=", false, offsetof(struct monitor_options, buffer) },
    { "max-size=", false, offsetof(struct monitor_options, max_size) },
    { "max-files=", false, offsetof(struct monitor_options, max_files) },
    { "id=", true, offsetof(struct monitor_options, id) },
    { "root=", true, offsetof(struct monitor_options, root) },
    { "state=", true, offsetof(struct monitor_options, state) },
    { "program=", true, offsetof(struct monitor_options, program) },
    { "tag=", true, offsetof(struct monitor_options, tag) },
    { "attrs=", true, offsetof(struct monitor_options, attrs) },
    { "name=", true, offsetof(struct monitor_options, name) },
    { "image=", true, offsetof(struct monitor_options, image) },
};

int monitor_options_parse(int argc, char **argv, struct monitor_options *ret)
{
    *ret = (struct monitor_options){ 0 };
    for (int i = 0; i < argc; i++) {
        const char *value = NULL;
        size_t k = 0;
        while (k < ARRAY_LEN(fields) && (value = str_after(argv[i], fields[k].key)) == NULL)
            k++;
        if (value == NULL)
            return -EINVAL;
        void *to = (char *) ret + fields[k].offset;
        if (fields[k].text)
            *(const char **) to = value;
        else if (parse_u64(value, to) < 0)
            return -EINVAL;
    }
    return ret->id != NULL && ret->root != NULL && ret->state != NULL ? 0 : -EINVAL;
}

int monitor_options_format(const struct monitor_options *o, const char **argv, size_t argc, size_t size,
                           char *buf, size_t buf_size)
{
    for (size_t k = 0; k < ARRAY_LEN(fields); k++) {
        const void *from = (const char *) o + fields[k].offset;
        const char *text = fields[k].text ? *(const char *const *) from : NULL;
        uint64_t number = fields[k].text ? 0 : *(const uint64_t *) from;
        if (text == NULL && number == 0)
            continue;
        int n = text != NULL
                    ? str_format(buf, buf_size, "%s%s", fields[k].key, text)
                    : str_format(buf, buf_size, "%s%llu", fields[k].key, (unsigned long long) number);
        if (n < 0 || argc + 1 >= size)
            return -ENAMETOOLONG;
        argv[argc++] = buf;
        buf += n + 1;
        buf_size -= (size_t) n + 1;
    }
    argv[argc] = NULL;
    return 0;
}

void monitor_exit_status(struct monitor_exit *x, int status)
{
    x->known = true;
    x->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    x->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static const char *word(bool b)
{
    return b ? "true" : "false";
}

int monitor_exit_write(int fd, const struct monitor_exit *x)
{
    char text[MONITOR_EXIT_MAX];
    int n = str_format(text, sizeof(text),
                       "{\"oakum\":1,\"code\":%lld,\"signal\":%lld,\"oom\":%s,\"known\":%s,\"restart\":%s,"
                       "\"timedOut\":%s,\"lostLines\":%llu,\"lostBytes\":%llu,\"finished\":\"%s\"}\n",
                       (long long) x->code, (long long) x->signal, word(x->oom), word(x->known),
                       word(x->restart), word(x->timed_out), (unsigned long long) x->lost_lines,
                       (unsigned long long) x->lost_bytes, x->finished);
    if (n < 0)
        return n;
    ssize_t done = pwrite(fd, text, (size_t) n, 0);
    if (done != n)
        return done < 0 ? -errno : -EIO;
    return fdatasync(fd) < 0 && errno != EINVAL ? -errno : 0;
}
