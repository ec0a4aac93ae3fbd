// SPDX-License-Identifier: Apache-2.0
/*
 * engine/attach.h: a person at the standard streams of a detached container (monitor/attach.h has the other side): as many at once as
 * want to, from its start on or later; each sees all output, and may type. Whoever goes, the container stays.
 */
#pragma once

#include "engine/engine.h"

/* What is typed to leave a container with a terminal: docker's words, "ctrl-p,ctrl-q". */
#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"
struct detach_keys {
    unsigned char v[32];
    size_t n, matched;
};
/* A comma between keys: one character each, ctrl-a to ctrl-z, ctrl-@ ctrl-[ ctrl-\ ctrl-] ctrl-^ ctrl-_, or DEL. -EINVAL with a sentence. */
int detach_keys_parse(const char *text, struct detach_keys *ret, struct error *err);
/*
 * What of n typed bytes goes to the program: into out (n + sizeof(k->v) bytes), *ret_n of them. A beginning of the keys is kept back until it is known
 * whether the rest follows. true: it did, and what stood behind is not for anybody.
 */
bool detach_keys_filter(struct detach_keys *k, const void *in, size_t n, void *out, size_t *ret_n);

struct attach_request {
    bool no_stdin;
    bool no_proxy; /* signals are for this process; of a container with a terminal always */
    struct detach_keys keys;
};
struct attach_end {
    bool detached; /* the container goes on */
    int code;      /* else: as the shell tells how it ended */
};

/* From now on. -ESRCH: it does not run; -EBUSY: paused, restarting, in the foreground of another oakum. */
int engine_attach(struct engine *e, const char *name_or_id, const struct attach_request *req,
                  struct attach_end *ret, struct error *err);
