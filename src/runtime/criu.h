// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/criu.h: the program criu, by its command line. Internal to runtime/. It is not part of oakum: an optional program of
 * the host (Debian's package criu), found in PATH at the moment it is needed.
 */
#pragma once

#include "base/arena.h"
#include "runtime/container.h"

#define CRIU_PASSED_MAX 8

/* One call. Strings live in arena. */
struct criu {
    struct arena *arena;
    const char *program; /* absolute path */
    const char **argv;
    size_t n, cap;
    const char *verb, *log; /* log: path, for messages */
    int passed[CRIU_PASSED_MAX];
    size_t n_passed;
    bool
        own_output; /* it writes to our stdout and stderr (--shell-job); else what it says is kept for the message */
    int (*before)(void *arg, struct error *err); /* in its process, before it is executed; NULL: nothing */
    void *arg;
};

/* Finds the program and makes the arguments that all verbs ("dump", "pre-dump", "restore") share. -ENOENT with message: there is none. */
int criu_begin(struct criu *c, struct arena *a, const struct criu_options *opt, const char *verb,
               struct error *err);
/*
 * The file of options that the annotation org.criu.config names, else /etc/criu/runc.conf where that is, as for runc and crun; "": none.
 * Options that we give ourselves hold against it.
 */
void criu_add_config(struct criu *c, const struct oci_spec *spec);
void criu_add(struct criu *c, const char *fmt, ...) _printf_(2, 3);
/* What was outside of the container under that key is fd now. fd is borrowed until criu_run() is done. */
int criu_pass(struct criu *c, int fd, const char *key, struct error *err);
/* criu writes a NUL byte to fd when it is ready to send pages (--lazy-pages, --page-server). Borrowed as above. */
int criu_pass_status(struct criu *c, int fd, struct error *err);
/* -EIO: it failed; the message has its last error line and says where its log is. */
int criu_run(struct criu *c, struct error *err);
