// SPDX-License-Identifier: Apache-2.0
/*
 * sys/self.h: the running program itself: its helpers, and its protection against the container.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* O_PATH descriptor of a helper program (oakum-init, oakum-unpack): beside the running executable, else in the libexec directory. */
int self_helper_open(const char *name, struct error *err);
/* Where it is, into buf; for programs that have to be executed by name. */
int self_helper_path(const char *name, char *buf, size_t size, struct error *err);
/*
 * CVE-2019-5736: a process of ours that is about to enter a container as the host's root must not be a way to write to our own
 * executable through /proc/self/exe. self_start.c has executed the program from a read-only detached clone of its mount, if the command
 * line has a word such as run, create, exec or health. Returns 0 when that is so (or the program's mount is read-only anyway), else
 * -EPERM. Programs that ask must be linked with self_start as their entry (src/bin/meson.build).
 */
int self_protect(struct error *err);
extern bool self_on_readonly_mount;
/*
 * Executes the program again with its arguments and environment, for what self_start does: who could not clone a mount when the program
 * began may be able to by now. Returns only when that failed.
 */
int self_again(struct error *err);
/* Where the program lies, also when it was executed from a clone of its mount. Length or negative errno. */
int self_path(char *buf, size_t size);
/* The user that owns the program file: whose processes could write to it. */
int self_owner(uid_t *ret, struct error *err);
