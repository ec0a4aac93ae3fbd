// SPDX-License-Identifier: Apache-2.0
/* cli/inspect_image.h: what `oakum inspect` shows of an image. */
#pragma once

#include "base/json.h"

/*
 * Appends the image to list, with docker's names where docker has one: Id, RepoTags, RepoDigests, Created, Author, Architecture, Variant, Os,
 * Size, Config (what containers of it get), RootFS; and Name, Digest and Layers. -ENOENT: there is no such image.
 */
int inspect_image(const char *root, const char *name, json_t *list, struct error *err) _warn_unused_;
