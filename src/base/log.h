// SPDX-License-Identifier: Apache-2.0
/*
 * base/log.h: what a library has to say besides failing. A library never prints: it logs, and the program decides where that
 * goes (nowhere, standard error as text, a file as JSON lines with the fields "level", "msg", "time" that docker, podman and
 * containerd read). Before log_setup() warnings and errors go to standard error as text.
 */
#pragma once

#include "base/util.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format {
    LOG_FORMAT_TEXT,    /* for people: "oakum: warning: …" */
    LOG_FORMAT_JSON,    /* {"level":…,"msg":…,"time":…} */
    LOG_FORMAT_LOGFMT,  /* time="…" level=… msg="…": the text that runc writes to its log */
    LOG_FORMAT_SYSLOG,  /* fd is a socket connected to /dev/log */
    LOG_FORMAT_JOURNAL, /* fd is a socket connected to journald's, in its own protocol */
};

/* fd stays the caller's and must stay open. program stands before text lines ("oakum: warning: …"). */
void log_setup(int fd, enum log_format format, enum log_level max, const char *program);
/* Another descriptor, all else as it was. */
void log_move(int fd);
bool log_enabled(enum log_level level);
/* Control characters in the message are written as \xNN, so that a hostile name cannot drive a terminal. */
void log_msg(enum log_level level, const char *fmt, ...) _printf_(2, 3);

#define log_error(...) log_msg(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_msg(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_msg(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_LEVEL_DEBUG, __VA_ARGS__)
