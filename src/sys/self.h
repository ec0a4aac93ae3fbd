// SPDX-License-Identifier: Apache-2.0
/*
 * sys/self.h: the running program itself: its helpers, and its protection against the container.
 */
#pragma once

#include "base/error.h"

/* O_PATH descriptor of a helper program (oakum-init, oakum-unpack): beside the running executable, else in the libexec directory. */
int self_helper_open(const char *name, struct error *err);
/* Where it is, into buf; for programs that have to be executed by name. */
int self_helper_path(const char *name, char *buf, size_t size, struct error *err);
/*
 * CVE-2019-5736: a process of ours that is about to enter a container as the host's root must not be a way to write to our own
 * executable through /proc/self/exe. Executes the program again, with the same arguments, from a read-only detached clone of its
 * mount; returns 0 when the running image is such a clone (or its mount is read-only anyway). Call it before anything has side
 * effects, standard input read included.
 */
int self_protect(struct error *err);
/* The user that owns the program file: whose processes could write to it. */
int self_owner(uid_t *ret, struct error *err);
