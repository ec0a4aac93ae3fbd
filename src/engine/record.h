// SPDX-License-Identifier: Apache-2.0
/*
 * engine/record.h: record.json, what the engine remembers of a container. Our own format, "oakum": 1, read strictly: a record
 * of another version, with an unknown key or a wrong type is damaged, and a damaged record is shown, never hidden.
 */
#pragma once

#include "engine/options.h"

#define ENGINE_RECORD "record.json"

struct engine_record {
    struct arena *arena;
    const char *id, *name;
    const char *image, *image_id; /* familiar name; hex */
    const char *created;          /* RFC 3339 */
    struct oci_strings args;
    struct oci_pairs labels, sources;
    uint32_t range_first;     /* 0: the host's user namespace; shared with others where one is joined */
    const char *cgroup;       /* path */
    const char *network;      /* "none", "bridge", "host", "container:ID" */
    struct oci_strings ports; /* as asked for, each as net_ports_parse() reads it */
    const char *ip, *mac;     /* asked for; NULL: any */
    struct oci_pairs
        joined; /* "network" "pid" "ipc" "uts" "userns": id of the container whose namespace it is */
    const char *stop_signal; /* "SIGTERM" */
    int64_t stop_timeout;    /* seconds, -1 for ever */
    bool rm, tty, interactive, init;
    bool renamed;            /* once at least: a killed rename may have left a name more */
    bool stdin_once;         /* standard input ends with the first one who was attached and sent it */
    bool ulimits;            /* some were asked for: then one that cannot be set is an error */
    int64_t runs;            /* how often it was started; 0: created only */
    bool detached;           /* the present or last run has a monitor, whose exit file says how it ended */
    const char *restart;     /* "always", "unless-stopped", "on-failure"; NULL: no */
    int64_t restart_max;     /* for on-failure, 0: any number */
    int64_t restarts;        /* by the monitor, since a person started it */
    int64_t restart_backoff; /* ms, before the last one */
    int64_t timeout;         /* seconds it may run, 0: for ever */
    struct health_config health;
    const char *sdnotify;     /* "container", "conmon", "healthy"; NULL: ignore */
    struct oci_pairs secrets; /* file below /run/secrets → "NAME UID GID MODE" (engine/secrets.h) */
    const char *log_driver;   /* NULL: json-file */
    int64_t log_max_size, log_max_file; /* 0: no rotation */
    const char *log_tag;                /* without {{…}} */
    const char *log_attrs;              /* K=V of labels and environment, a line each; NULL */
    bool log_drop;
    int64_t log_buffer;       /* 0: not said */
    const char *log_facility; /* NULL: daemon */
    const char *boot; /* boot id of the kernel that the present or last run has begun on; NULL: not known */
    const char *started, *finished; /* NULL: not yet */
    struct opt_i64 exit_code;
    const char *error; /* why it is damaged, or could not start; NULL */
    /* Not in record.json: from the exit file. */
    int64_t exit_signal;
    bool exit_unknown, oom_killed, timed_out;
    uint64_t lost_lines, lost_bytes;
};

void engine_record_free(struct engine_record *r);
static inline void cleanup_engine_record(struct engine_record **r)
{
    engine_record_free(*r);
}
#define _cleanup_engine_record_ __attribute__((cleanup(cleanup_engine_record)))

/* An empty one with its own arena. */
struct engine_record *engine_record_new(void) __attribute__((returns_nonnull));
/* dirfd: the container's directory. -ENOENT: there is no record. */
int engine_record_read(int dirfd, struct engine_record **ret, struct error *err);
/* Atomic; durable with sync. */
int engine_record_write(int dirfd, const struct engine_record *r, bool sync, struct error *err);
/* From text, for tests. */
int engine_record_parse(const char *text, size_t len, struct engine_record **ret, struct error *err);
