// SPDX-License-Identifier: Apache-2.0
/*
 * engine/names.h: container names. A claim is a symbolic link names/NAME whose text is the container's id; making it is atomic,
 * so of two runs with one name exactly one goes on.
 */
#pragma once

#include "base/error.h"

/* names_fd: the directory. -EEXIST: "the name X is in use by container ID". */
int name_claim(int names_fd, const char *name, const char *id, struct error *err);
/* A name of our own making that is free; buf of 64 bytes. */
int name_claim_random(int names_fd, const char *id, char *buf, size_t size, struct error *err);
/* The id behind the name; -ENOENT. id: 65 bytes. */
int name_lookup(int names_fd, const char *name, char *id);
/* Gives the name back if it is the container's. Absent is success. */
int name_release(int names_fd, const char *name, const char *id, struct error *err);
/* Every name that is the container's (for one whose record cannot be read). */
int name_release_all(int names_fd, const char *id, struct error *err);
