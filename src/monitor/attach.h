// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/attach.h: how a person's oakum comes to a detached container's standard streams: through the socket .monitor/ID/attach
 * (SOCK_SEQPACKET, 0600 in a 0700 directory: root, or whose containers they are), which the scribe serves; or through a pair of sockets
 * that the scribe is born with, for who starts the container and wants all of its output.
 *
 * Messages in both directions are one struct attach_head and, behind it, bytes. Every byte of output has a number, counted from the start
 * of the run, so that the other side sees what it missed, and can go on where it was when the scribe has been killed and another one is there.
 *
 * Nobody waits for who is attached. What is in the journal's rings is sent as far as his socket takes it; up to ATTACH_LAG_MAX bytes stay for
 * him there, and who is further behind misses the older ones. Input waits: for one message at a time, whoever sends.
 */
#pragma once

#include <poll.h>

#include "monitor/journal.h"

#define ATTACH_SOCKET "attach"
#define ATTACH_MAX 16
#define ATTACH_INPUT_MAX 4096u
#define ATTACH_OUTPUT_MAX 32768u
#define ATTACH_LAG_MAX (4u << 20)
#define ATTACH_NOW UINT64_MAX

enum attach_word {
    /* To the scribe. */
    ATTACH_HELLO =
        'H', /* from: what output to begin with, ATTACH_NOW: what is to come; sends: whether there will be input */
    ATTACH_INPUT = 'I',     /* bytes */
    ATTACH_INPUT_END = 'e', /* of a container whose input ends with who is attached: it ends */
    ATTACH_SIZE = 'S',      /* of the terminal: from[0] rows, from[1] columns */
    /* From it. */
    ATTACH_BEGIN = 'B',  /* after HELLO. from: what output is to come */
    ATTACH_OUTPUT = 'O', /* stream, from[stream]: number of the first byte; bytes */
    ATTACH_END = 'E',    /* the container has ended; from: numbers behind the last bytes */
    ATTACH_FULL = 'F',   /* ATTACH_MAX are attached */
};
struct attach_head {
    uint16_t word;
    uint8_t stream; /* enum journal_stream */
    uint8_t sends;
    uint32_t unused;
    uint64_t from[STREAM_COUNT];
};

/* Sends without waiting: 0, -EAGAIN (does not fit now), -EPIPE (nobody is there any more) or another errno. */
int attach_send(int fd, const struct attach_head *h, const void *data, size_t n);
/* 1: a message, *ret_n bytes behind it; 0: the end; -EAGAIN: none now. A message that is none is the end. */
int attach_receive(int fd, struct attach_head *h, void *data, size_t size, size_t *ret_n);

/* --- the scribe's side --- */

struct attacher {
    int fd;
    bool greeted; /* has said HELLO, and gets output */
    bool sends;
    uint64_t at[STREAM_COUNT];
};
struct attachers {
    struct journal *journal;
    int listener;
    int input;   /* of the container: a pipe or the terminal's master; -1: none, or at its end */
    int master;  /* -1: no terminal */
    bool once;   /* the input ends when one who sends it has done so, or goes */
    bool ending; /* it does, when the pending bytes are taken */
    size_t n;
    struct attacher v[ATTACH_MAX];
    char pending[ATTACH_INPUT_MAX]; /* input that the container has not taken yet */
    size_t off, len;
    int64_t
        grace; /* until then (ms of the monotonic clock) output is held from `back` on, for those who come back; 0: not */
    uint64_t back[STREAM_COUNT];
};

#define ATTACH_POLL_MAX (2 + ATTACH_MAX)

/* Before the seal: the listening socket in the directory state, in the place of an older one. Descriptor or -errno. */
int attach_listen(int state);
/* For a scribe that comes after a killed one: its people come back soon. After journal_open(). */
void attach_expect_back(struct attachers *a);
/* One who is there from the start, and gets everything from byte 0. */
void attach_add(struct attachers *a, int fd);
/* ATTACH_POLL_MAX entries. */
void attach_poll(const struct attachers *a, struct pollfd *p);
/* What came. true: the container's input has just been ended. */
bool attach_turn(struct attachers *a, const struct pollfd *p);
/* Sends what there is; before journal_write(). */
void attach_give(struct attachers *a);
/* When the container has ended and all is in the log: until everybody has it, or too long. */
void attach_finish(struct attachers *a);
