// SPDX-License-Identifier: Apache-2.0
/*
 * image/extract.h: the members of a tar archive made into files below one directory, and nowhere else. Worker only.
 *
 * Two forms. EXTRACT_LAYER makes the directory what an overlay mount wants as a lower layer: owners, modes (setuid too),
 * times, hard links, FIFOs, the xattrs security.capability and user.* (not user.overlay.*), whiteouts as character device
 * 0:0, opaque directories marked. EXTRACT_FILES is for the outside of an image archive: regular files, directories and
 * links, all of them ours (0600, 0700), no owner, no time, no xattr.
 *
 * EXTRACT_COPY is cp's: the directory is somebody's, with files in it, in which others may be at work. As EXTRACT_LAYER, but without
 * whiteouts (".wh." begins a name as any other); what is there already is replaced, files by files, never a directory by something else
 * nor the other way round; and a link as parent that is not relative, or leads out of the directory, is an error, unless links_in_root.
 *
 * What a name may be: '/' in front and '.' components are left out, a '..' component is an error. A parent that is a
 * symbolic link made by the same archive is followed inside the directory, as docker and umoci do it; a whiteout below such
 * a link is an error. Missing parents are made (0755, root, time 0). Of two members with one name the later one counts; a
 * directory over a directory merges. Whiteouts hide what is in lower layers only, wherever they stand in the archive.
 * Devices are left out and counted, or are an error; a symbolic link's target is stored as it is.
 *
 * Errors name the member, control bytes neutralised. -EINVAL for a member that may not be, -EFBIG for a budget that is used
 * up, else the errno of the file system. What was made until then stays: the caller throws the directory away.
 */
#pragma once

#include "base/strbuf.h"
#include "image/tar.h"

enum extract_form { EXTRACT_LAYER, EXTRACT_FILES, EXTRACT_COPY };

struct extract_options {
    int root; /* the directory: readable, writable */
    bool
        one_owner; /* in a user namespace of a single id: everything belongs to it, whatever the archive says */
    bool refuse_devices;
    bool links_in_root; /* EXTRACT_COPY: the directory is what absolute links begin at */
    bool plain_modes;   /* EXTRACT_COPY: without set-user-ID and set-group-ID bits and file capabilities */
    uint64_t max_bytes, max_inodes;
    /* A directory that is opaque: the one thing that the worker may not do itself is to set trusted.overlay.opaque. */
    int (*opaque)(void *arg, int dirfd, struct error *err);
    void *arg;
};

struct extract_stats {
    uint64_t bytes;   /* sizes of regular files, holes included */
    uint64_t inodes;  /* made, hard links counted as well */
    uint64_t devices; /* left out */
    uint64_t xattrs;  /* left out, or that the file system cannot hold */
    char first_device[256];
};

struct extract;

struct extract *extract_new(const struct extract_options *o) __attribute__((returns_nonnull));
void extract_free(struct extract *x);
void extract_set_form(struct extract *x, enum extract_form form); /* EXTRACT_LAYER until told otherwise */
/* e is what tar_next() just gave. */
int extract_member(struct extract *x, struct tar *t, const struct tar_entry *e, struct error *err)
    _warn_unused_;
/* After the last member. */
int extract_finish(struct extract *x, struct error *err) _warn_unused_;
const struct extract_stats *extract_stats(const struct extract *x);

/* The name as extract_member() takes it, without leading and doubled slashes. -EINVAL for '..' and for too long a name. */
int extract_clean_name(const char *name, struct strbuf *ret, struct error *err) _warn_unused_;
