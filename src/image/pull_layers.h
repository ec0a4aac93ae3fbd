// SPDX-License-Identifier: Apache-2.0
/* image/pull_layers.h: the layers of one pull: planned, fetched and unpacked by several threads. Part of image/pull.h. */
#pragma once

#include "image/partial.h"
#include "image/pull.h"
#include "image/store_internal.h"

struct layer_job {
    struct pull_layer shown;
    const char *digest, *diff_id; /* "sha256:…" */
    const char *media_type;
    bool known; /* an image that is here has this blob for this DiffID */
    bool have_blob, have_layer;
    char dir[24], blob[24]; /* names in the work directory; dir "" when the layer is there already */
    struct partial partial;
    uint64_t file_bytes;
    bool done;
};

struct layer_jobs {
    struct registry *registry;
    struct registry_repo *repo;
    struct import *im;
    const struct pull_options *o;
    struct layer_job *v; /* distinct */
    size_t n;
};

/* Looks what is in the store. A blob that is gets a second name in the work directory, so that nobody collects it meanwhile. */
int layer_jobs_plan(struct layer_jobs *jobs, struct error *err) _warn_unused_;
/* All of them; the error is that of the first that failed. */
int layer_jobs_run(struct layer_jobs *jobs, struct error *err) _warn_unused_;
/* published: what was kept of them goes. */
void layer_jobs_end(struct layer_jobs *jobs, bool published);
