// SPDX-License-Identifier: Apache-2.0
/* cli/containers.h: what commands that take several names share. */
#pragma once

#include "cli/cli.h"
#include "engine/attach.h"
#include "engine/engine.h"

/*
 * Opens the engine and calls act for each of argv[1..words]; on success the name is printed, as docker does, on failure (below 0) its error, and above 0 what it
 * has to say in the error all the same. 0, or 1 when one of them failed.
 */
int for_each_container(const struct cli *cli, int words, char **argv,
                       int (*act)(struct engine *e, const char *name, void *arg, struct error *err),
                       void *arg);
/*
 * inspect of what the engine keeps: document makes the object of each of argv[1..words] (in *ret, which is taken). All of them in an array or,
 * with a template, each through that. 0, or 1 when one of them failed.
 */
int inspect_each(const struct cli *cli, int words, char **argv, const char *format,
                 int (*document)(struct engine *e, const char *name, json_t **ret, struct error *err));
/* Before a container that is there is started again: runtime_protect() with its specification. */
int container_protect(struct engine *e, const char *name, struct error *err) _warn_unused_;
/* The value of --signal: -1, or an exit status with a message. */
int signal_argument(const struct cli *cli, const char *text, int *ret);
/* The value of --detach-keys, NULL when it was not given. */
int detach_keys_argument(const char *text, struct detach_keys *ret, struct error *err) _warn_unused_;
/* docker's question before something is removed; the answer is read from standard input, whatever that is. */
bool confirmed(const char *what);
/* "redis:7" as people know it; the text itself where it is no reference. Caller's buffer of 520 bytes. */
const char *shown_size(int64_t bytes, char *buf, size_t size);
/* "5 minutes ago" from RFC 3339; "" when it cannot be read. */
void ago_text(const char *when, char *buf, size_t size, bool suffix);
/* The column STATUS of docker ps: "Up 5 minutes (healthy)", "Exited (0) 2 days ago". 128 bytes are enough. */
void container_status_text(const struct engine_container *c, char *buf, size_t size);
/* What it was started with, in quotes, cut to 20 characters unless no_trunc. The caller frees. */
char *container_command_text(const struct engine_record *r, bool no_trunc);
