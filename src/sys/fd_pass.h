// SPDX-License-Identifier: Apache-2.0
/*
 * sys/fd_pass.h: a message on a socket, and a descriptor beside it (unix(7), SCM_RIGHTS). A descriptor that arrives is close-on-exec; several in
 * one message are nobody's: none is taken, none stays open.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/* fd -1: none. It stays the caller's. 0, or a negative errno (-EPIPE, never the signal). */
int fd_send(int sock, const void *data, size_t len, int fd) _warn_unused_;
/* Bytes of the message, 0 at the end, or a negative errno. *ret_fd: the caller's, -1 when none came. */
ssize_t fd_receive(int sock, void *data, size_t size, int *ret_fd) _warn_unused_;
