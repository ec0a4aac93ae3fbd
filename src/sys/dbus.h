// SPDX-License-Identifier: Apache-2.0
/*
 * sys/dbus.h: as much D-Bus as talking to systemd takes: a connection over an AF_UNIX socket, one method call at a time, signals
 * that come in between. D-Bus Specification 0.41, "Message Protocol" and "Authentication Protocol". No descriptors, no
 * properties cache, nothing served.
 *
 * Two kinds of peer: a message bus (dbus-daemon, dbus-broker), where Hello comes first and every message names its destination;
 * and systemd itself on its private socket, where neither is. Values are of the machine's own byte order, both ways.
 *
 * Errors: -ENOENT, -ECONNREFUSED: nobody listens there. -ETIMEDOUT: no answer. -EBADMSG: the peer does not keep to the protocol.
 * An error reply becomes the errno that fits (dbus_call()) with the peer's own text.
 */
#pragma once

#include "base/error.h"

struct dbus;

/* What a message carries, in the making. Zero-initialised; free with dbus_body_free(). Alignment is kept by the functions. */
struct dbus_body {
    unsigned char *v;
    size_t n, cap;
};
void dbus_body_free(struct dbus_body *b);
#define _cleanup_dbus_body_ __attribute__((cleanup(dbus_body_free)))

void dbus_put_bool(struct dbus_body *b, bool v);
void dbus_put_u32(struct dbus_body *b, uint32_t v);
void dbus_put_u64(struct dbus_body *b, uint64_t v);
void dbus_put_byte(struct dbus_body *b, uint8_t v);
void dbus_put_string(struct dbus_body *b,
                     const char *s); /* also object paths; s is UTF-8 or the peer hangs up */
void dbus_put_signature(struct dbus_body *b, const char *signature); /* what a variant begins with */
void dbus_put_struct(struct dbus_body *b);                           /* a struct begins: its alignment */
/* An array of elements aligned to align bytes; what end gets is begin's result. */
size_t dbus_array_begin(struct dbus_body *b, size_t align);
void dbus_array_end(struct dbus_body *b, size_t mark);

/* What came, to be read in order. Every getter checks the bounds: -EBADMSG. Strings are NUL-terminated where they lie. */
struct dbus_reader {
    const unsigned char *v;
    size_t n, at;
};
int dbus_get_u32(struct dbus_reader *r, uint32_t *ret) _warn_unused_;
int dbus_get_string(struct dbus_reader *r, const char **ret) _warn_unused_;
int dbus_get_signature(struct dbus_reader *r, const char **ret) _warn_unused_;

enum dbus_kind { DBUS_CALL = 1, DBUS_RETURN, DBUS_ERROR, DBUS_SIGNAL };
/* Strings and body point into the connection's buffer: valid until the next message is read. "" for what is not there. */
struct dbus_message {
    enum dbus_kind kind;
    uint32_t reply_to;
    const char *path, *interface, *member, *error_name, *signature;
    struct dbus_reader body;
};

/*
 * Connects to the socket at path ("@name": abstract) and authenticates as who the kernel says we are (EXTERNAL), so it is right inside
 * a user namespace too. bus: Hello is said. timeout_ms holds for each answer from here on.
 */
int dbus_open(const char *path, bool bus, int timeout_ms, struct dbus **ret, struct error *err);
void dbus_close(struct dbus *bus);
static inline void cleanup_dbus(struct dbus **bus)
{
    dbus_close(*bus);
}
#define _cleanup_dbus_ __attribute__((cleanup(cleanup_dbus)))
bool dbus_is_bus(const struct dbus *bus);

/* Is called with each signal that comes while we wait. */
void dbus_on_signal(struct dbus *bus, void (*fn)(void *arg, const struct dbus_message *m), void *arg);

struct dbus_target {
    const char *destination, *path, *interface;
};
/*
 * Calls and waits for the answer. signature and body: the arguments (NULL, NULL: none). ret may be NULL.
 * Error replies: NoSuchUnit, UnknownObject… -ENOENT; UnitExists -EEXIST; AccessDenied and the like -EACCES; others -EREMOTEIO.
 */
int dbus_call(struct dbus *bus, const struct dbus_target *to, const char *member, const char *signature,
              const struct dbus_body *body, struct dbus_message *ret, struct error *err);
/* Reads one message, for whoever waits for a signal; until end (CLOCK_MONOTONIC, ms): -ETIMEDOUT. */
int dbus_wait(struct dbus *bus, int64_t end, struct error *err);
