// SPDX-License-Identifier: Apache-2.0
/*
 * image/manifest_list.h: lists of images for several platforms that are put together on this host and pushed when they are whole: docker
 * manifest's. oakum-image only.
 *
 * A list is lists/HEX.json below the store's root, HEX the SHA-256 of its name in full: {"name", "manifests": [descriptor…]}, each
 * descriptor with "ref", the name that its member was looked up by. Replaced whole, under lists/lock. Members are images of
 * registries; nothing of them is kept here.
 *
 * Errors: -ENOENT there is no such list or member, -EEXIST a list that must not be there; else those of image/registry.h.
 */
#pragma once

#include "image/registry.h"

struct manifest_list {
    char name[640]; /* in full */
    json_t *doc;
    int dir, lock; /* lists/, and its lock while the list may be changed */
};
/* create: an empty one where there is none. Exclusive until manifest_list_close(). root: of the store, made when it is missing. */
int manifest_list_open(const char *root, const struct reference *name, bool create, struct manifest_list *ret,
                       struct error *err) _warn_unused_;
/* Has a list of this name been kept? */
bool manifest_list_exists(const char *root, const struct reference *name);
int manifest_list_write(const struct manifest_list *l, struct error *err) _warn_unused_;
int manifest_list_remove(const struct manifest_list *l, struct error *err) _warn_unused_;
void manifest_list_close(struct manifest_list *l);

size_t manifest_list_size(const struct manifest_list *l);
/* What is there under a name (in full, or "sha256:…"); NULL. Borrowed. */
json_t *manifest_list_member(const struct manifest_list *l, const char *name);
/*
 * Looks the image up in its registry and adds it, or takes the place of what has its digest. Its platform is the one in its config. An
 * index is -EINVAL: its images are to be named one by one. *ret is borrowed.
 */
int manifest_list_add(struct manifest_list *l, struct registry *registry, const struct reference *ref,
                      json_t **ret, struct error *err) _warn_unused_;
/* What a registry gets: docker's form where all members are docker's, else OCI's. The caller frees. */
char *manifest_list_text(const struct manifest_list *l, const char **ret_type, int indent)
    __attribute__((returns_nonnull));
/*
 * Pushes it. A member that is in another repository of the same registry is copied there within the registry; one of another registry
 * is -EXDEV. digest: of the list.
 */
int manifest_list_push(const struct manifest_list *l, struct registry *registry, const struct reference *to,
                       char digest[static DIGEST_MAX], struct error *err) _warn_unused_;
