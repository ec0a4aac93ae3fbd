// SPDX-License-Identifier: Apache-2.0
/*
 * engine/secrets.h: what a container must know and nobody else: kept encrypted, handed over as a file.
 *
 * At rest: ROOT/secrets (0700) has a file for each secret, NAME, 0600: its description, and its value under AES-256-GCM (NIST SP
 * 800-38D) with a nonce of its own. The name and the id are authenticated with it, so that a file that was copied over another is
 * refused. The key is ROOT/secrets/.key: 32 random bytes, 0600, made at the first secret. Whoever may read that file may read
 * the secrets: the encryption is for backups and images of the store without the key, and for a file that gets into other hands.
 *
 * In a container: a ramfs (never swapped) on /run/secrets, read-only, noexec, nosuid, nodev; a file for each secret, 0400 and the
 * container's user's unless said otherwise. It is made anew at each start from what the store has then. The value is in no
 * argument, environment, record, specification, log or message.
 *
 * Failure mode: fail closed. A secret that is not there, cannot be decrypted or delivered ends the start; a key file of another owner,
 * mode or length is an error, never replaced.
 */
#pragma once

#include "engine/record.h"

struct engine;
struct launch;

#define SECRETS_TARGET "/run/secrets"
/* The mount's source in the specification: nothing is there, as the runtime is given the mount. */
#define SECRETS_SOURCE "/proc/oakum/secrets"
#define SECRET_MAX 512000 /* bytes; docker's and podman's */

struct secret_info {
    const char *name, *id, *created, *updated; /* id: 25 hex digits; times as in records */
    struct oci_pairs labels;
};

/*
 * Stores a value; at least one byte, at most SECRET_MAX. replace: there must be one of that name (it keeps its id, labels and time of
 * creation), otherwise there must be none. Atomic and durable. id: 26 bytes. -EEXIST, -ENOENT, -EINVAL (name, size).
 */
int secret_store(struct engine *e, const char *name, const void *value, size_t len,
                 const struct oci_pairs *labels, bool replace, char *id, struct error *err);
/* *ret is the caller's, who has to wipe it (explicit_bzero) and free it. -ENOENT; -EBADMSG: it was changed, or the key is another. */
int secret_read(struct engine *e, const char *name, char **ret, size_t *ret_len, struct error *err);
/* By name, id, or the beginning of an id that is no other's. In the arena. */
int secret_get(struct engine *e, struct arena *a, const char *name_or_id, struct secret_info *ret,
               struct error *err);
/* All, by name. One that cannot be read has id NULL. In the arena. */
int secret_list(struct engine *e, struct arena *a, struct secret_info **ret, size_t *ret_n,
                struct error *err);
/* -EBUSY: a container has it (its name in the message). */
int secret_remove(struct engine *e, const char *name_or_id, struct error *err);
/*
 * Puts what the store has now into the running containers that have it, each file at once, and sends sig (0: none) to their first
 * processes. A container that fails does not keep the others from it: told for each, r < 0 with err.
 */
int secret_deliver(struct engine *e, const char *name, int sig,
                   void (*told)(void *arg, const char *container, int r, const struct error *err), void *arg,
                   struct error *err);

/* Does the container of this record have it? */
bool secret_of_record(const struct engine_record *r, const char *name);

/* secrets_launch.c: checks what --secret names, before anything is made. */
int launch_check_secrets(struct launch *l, struct error *err);
/* What --secret asked for, for the record: file → "NAME UID GID MODE". */
void launch_record_secrets(struct launch *l, struct oci_pairs *to);
/* By the record: makes the ramfs of the container that is about to start, into l->given. */
int launch_mount_secrets(struct launch *l, struct error *err);
