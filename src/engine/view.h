// SPDX-License-Identifier: Apache-2.0
/*
 * engine/view.h: the files of containers and images for the host to read: what export, image diff and image mount show. Views are
 * read-only, nosuid and nodev, and built of the directories themselves, so nothing of what a container has mounted is in them.
 *
 * Views of this process are in a mount namespace that it gets for itself at the first one, and gone when it ends, however it ends:
 * nothing that must reach the host's mounts may be done after it. Mounts for people are below mounts/ of the root.
 */
#pragma once

#include "engine/engine.h"

struct engine_view {
    int fd; /* of its root; the caller closes it */
    uint32_t
        ids_first; /* 65536 ids from this one on are those of the container's user namespace; 0: there is none */
};
/* A container in whatever state; what it writes meanwhile may be in it or not. */
int engine_view_container(struct engine *e, const char *name_or_id, struct engine_view *ret,
                          struct error *err);
/*
 * Of the same only what it began with: the layers of its image. *ret_userxattr: the marks in its own layer are those of user namespaces
 * (user.overlay.…), not trusted ones.
 */
int engine_view_below(struct engine *e, const char *name_or_id, struct engine_view *ret, bool *ret_userxattr,
                      struct error *err);
int engine_view_image(struct engine *e, const char *name_or_id, struct engine_view *ret,
                      struct store_image **ret_image, struct error *err);

/*
 * Mounts an image at mounts/ID/root, where people can look at it; its layers stay while it is mounted (engine_image_in_use()). Again:
 * the same place. *ret_path is freed by the caller. The host's root only.
 */
int engine_image_mount(struct engine *e, const char *name_or_id, char **ret_path, struct error *err);
/* -ENOENT: it is not mounted. -EBUSY: somebody is in it; force detaches it all the same. */
int engine_image_umount(struct engine *e, const char *name_or_id, bool force, struct error *err);
/* Calls fn for each image that is mounted, by id. What a crash or a reboot left of others is removed. */
int engine_image_mounts(struct engine *e, int (*fn)(void *arg, const char *id, const char *path), void *arg,
                        struct error *err);
bool engine_image_mounted(struct engine *e, const char *id);
