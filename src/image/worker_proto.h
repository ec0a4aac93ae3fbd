// SPDX-License-Identifier: Apache-2.0
/*
 * image/worker_proto.h: what `oakum` and its worker `oakum-unpack` say to each other. Both are of one build, so structures go
 * over the socket as they are; the version in them guards against a mix.
 *
 * The worker gets descriptors, and options as key=value arguments. It answers on a SOCK_SEQPACKET socket: any number of
 * messages of one byte 'O' with one descriptor (an opaque directory below the destination), then one struct worker_result,
 * then it ends with status 0. Whatever else happens is a failure. The result is hostile: the reader checks each field.
 */
#pragma once

#include "base/error.h"

enum worker_fd {
    WORKER_FD_IN = 3, /* unpack: the archive; pack: the directory */
    WORKER_FD_DIR =
        4, /* unpack: the destination; pack: the list of a container's removals, or the same as WORKER_FD_IN */
    WORKER_FD_CTL = 5,
    WORKER_FD_COPY = 6,   /* the layer's blob */
    WORKER_FD_USERNS = 7, /* /dev/null: none */
};

#define WORKER_OPAQUE 'O'
#define WORKER_VERSION 0x6f616b01U

enum worker_form { WORKER_FORM_LAYER, WORKER_FORM_FILES };

/* What the archive is to be: EITHER lets its first member's name decide. */
enum worker_expect { WORKER_EXPECT_LAYER, WORKER_EXPECT_EITHER, WORKER_EXPECT_FILES };

struct worker_result {
    uint32_t version;
    int32_t code;         /* 0 or negative errno; then only msg counts */
    uint32_t form;        /* enum worker_form: what the archive turned out to be */
    uint32_t compression; /* enum stream_compression */
    uint32_t end_marked;  /* the tar had its end in it */
    uint64_t in_bytes, out_bytes, copy_bytes;
    uint64_t file_bytes, inodes;
    uint64_t left_out, xattrs; /* devices (pack: sockets too), extended attributes */
    int64_t newest_sec;        /* pack: newest time */
    char in_hex[65], out_hex[65], copy_hex[65];
    char first_left_out[256];
    char msg[1020];
};
