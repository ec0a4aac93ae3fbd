// SPDX-License-Identifier: Apache-2.0
/*
 * engine/logs.h: reads what a container has written (docker's json-file; monitor/journal.h writes it). A line that is no such JSON is
 * passed over: the file may have been cut by a full disk.
 */
#pragma once

#include <time.h>

#include "engine/engine.h"

struct log_entry {
    const char *data; /* bytes as the program wrote them, with the line feed unless the line goes on */
    size_t len;
    bool is_stderr;
    const char *time;    /* RFC 3339, as it stands in the file */
    const char *details; /* "tag=x", or "" */
};

struct logs_request {
    bool follow;
    int64_t tail;                 /* last entries, -1: all */
    struct timespec since, until; /* 0: no bound */
    /* Called for each entry, and with NULL before it is waited for more; non-zero ends the reading and is returned. */
    int (*entry)(void *arg, const struct log_entry *e);
    void *arg;
};
/* -ENODATA: a sentence why it has no log. */
int engine_logs(struct engine *e, const char *name_or_id, const struct logs_request *req, struct error *err);

/* docker's --since and --until: RFC 3339 (without a zone: local time), a date, seconds since 1970, or a Go duration before now. */
int logs_time_parse(const char *text, struct timespec *ret);
/* One line of the log. data and time live in the arena. */
int logs_entry_parse(struct arena *a, const char *line, size_t len, struct log_entry *ret);
