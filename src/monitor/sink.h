// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/sink.h: logs that somebody else keeps: journald by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), and whoever listens at
 * /dev/log (RFC 3164 without the time, which is the listener's). A datagram a line, over a socket that is connected before the scribe is sealed.
 */
#pragma once

#include "monitor/journal.h"
#include "monitor/monitor.h"

#define SINK_JOURNALD "/run/systemd/journal/socket"
#define SINK_SYSLOG "/dev/log"

struct sink {
    int fd; /* O_NONBLOCK; -1: there is nobody */
    const struct monitor_options *o;
    int32_t pid; /* of the container's first process; the scribe sets it */
};

/* A connected socket, or -errno: for the engine, which asks whether there is anybody before it starts; and for the scribe. */
int sink_connect(enum log_sink kind);
/*
 * One line, or part of one, without its line feed. 0; -EAGAIN: whoever keeps the log has not read what it was sent, try later; another errno: it
 * is gone (-ECONNREFUSED, -ENOTCONN, -EPIPE …), or does not want the line (-EMSGSIZE).
 */
int sink_send(const struct sink *k, enum journal_stream s, const char *data, size_t n, bool partial);
