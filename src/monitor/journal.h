// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/journal.h: the way of the container's output into its log, such that a scribe that is killed between any two
 * instructions neither loses nor doubles a byte.
 *
 * 1. splice(2) moves bytes from the pipe to the end of a file on the state directory's tmpfs, `out.ring` or `err.ring`: the call
 *    ends before the process does, so a byte is in one of the two. What was dealt with is given back by punching holes.
 * 2. Lines are made of it and written to the log by one write, whose place and length stand in `journal` (shared memory) before
 *    it begins. The next scribe compares them with the log's size, and repeats the write or takes it as done.
 *
 * The log is docker's json-file: {"log":"…\n","stream":"stdout","time":"…"} a line; a line longer than 16 KiB comes in parts of
 * which only the last ends in \n. What is no UTF-8 is U+FFFD in "log", and whole, in base64, in "raw", which docker's readers skip.
 */
#pragma once

#include "base/error.h"

enum journal_stream { STREAM_OUT, STREAM_ERR, STREAM_COUNT };

struct journal;

/* no_log: nothing is written. dir: where the log is; state: where the rest is; tag: for each line, or NULL, kept. max_size 0: no rotation; max_files: with the newest one, >= 1. */
int journal_open(int dir, int state, const char *id, const char *tag, bool no_log, uint64_t max_size,
                 uint64_t max_files, struct journal **ret);
/* Kept: K=V for each line, a line each, of JOURNAL_ATTRS_MAX bytes at most. */
void journal_attributes(struct journal *j, const char *attrs);
/*
 * Lines go to k (kept) instead of a log of its own, which was opened with no_log. One line may come twice when a scribe is killed: nobody
 * can ask who has it. See monitor_options for drop and buffer.
 */
struct sink;
void journal_to_sink(struct journal *j, const struct sink *k, bool drop, uint64_t buffer);
enum journal_sink_state {
    JOURNAL_SINK_WELL,
    JOURNAL_SINK_WAITS, /* it takes no more now: journal_write() again when its socket can be written to */
    JOURNAL_SINK_GONE   /* nobody listens to that socket any more */
};
enum journal_sink_state journal_sink_state(const struct journal *j);
/* So much waits that no more should be taken; never with drop. */
bool journal_is_full(const struct journal *j, enum journal_stream s);
/* What waits for a sink is given up, and counted as lost. */
void journal_give_up(struct journal *j);
/* Takes what is there from fd (a pipe, or a terminal's master). 1: something came, 0: nothing is there now, -EPIPE: the end. */
int journal_take(struct journal *j, enum journal_stream s, int fd);
/* Writes whole lines; last: parts of lines too. */
void journal_write(struct journal *j, bool last);
/*
 * For those who read what the container writes while it does: every byte of a stream has a number, from 0. What is dealt with stays to be
 * read from the held number on; UINT64_MAX: nothing is held. Numbers below journal_first() are gone. A reader who is asked to send nothing
 * older must send before journal_write().
 */
uint64_t journal_first(const struct journal *j, enum journal_stream s);
uint64_t journal_end(const struct journal *j, enum journal_stream s); /* of the next byte to come */
void journal_hold(struct journal *j, enum journal_stream s, uint64_t from);
/* Bytes read, at most size. */
size_t journal_read(const struct journal *j, enum journal_stream s, uint64_t at, char *buf, size_t size);
void journal_lost(const struct journal *j, uint64_t *ret_lines, uint64_t *ret_bytes);

/* One line of the log from n bytes of output, into out of size bytes; newline: the program's line ends here. Bytes written, or
 * -ENOSPC. time: RFC 3339; tag: of at most JOURNAL_TAG_MAX bytes, or NULL; attrs: of at most JOURNAL_ATTRS_MAX, or NULL. */
int journal_encode(char *out, size_t size, const char *data, size_t n, bool newline, enum journal_stream s,
                   const char *time, const char *tag, const char *attrs);
#define JOURNAL_TAG_MAX 256
#define JOURNAL_ATTRS_MAX 1024
/* Largest result of journal_encode() for n bytes. */
#define JOURNAL_LINE_MAX(n) ((n) *6 + ((n) + 2) / 3 * 4 + 160 + 6 * (JOURNAL_TAG_MAX + JOURNAL_ATTRS_MAX))
