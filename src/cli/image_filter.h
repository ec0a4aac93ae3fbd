// SPDX-License-Identifier: Apache-2.0
/* cli/image_filter.h: the --filter of the commands on images: docker's keys and meanings. */
#pragma once

#include "image/store.h"

/*
 * What the filters say, read: dangling=BOOL, label=KEY[=VALUE], label!=KEY[=VALUE], until=TIME|DURATION, before=IMAGE, since=IMAGE,
 * reference=PATTERN (* and ?, on the name as docker shows it). Several of one key: any of the references, all of the labels.
 * Lives in the arena; -EINVAL for one that cannot be read, with the sentence.
 */
struct image_filter {
    const struct oci_strings *words;
    struct timespec before, since; /* 0: none; images created at that time are out */
    int dangling;                  /* -1: not asked for */
    bool labels;                   /* labels are asked for, which are in the configs alone */
};
/* docker's reference=: a pattern, in which * and ? are no slash, for the name as docker shows it, with its tag or without. full may be NULL. */
bool image_reference_matches(const char *full, const char *pattern);
/* s: for before= and since=; may be NULL when they are not allowed (prune). */
int image_filter_parse(const struct oci_strings *words, struct store *s, struct image_filter *ret,
                       struct error *err) _warn_unused_;
/* labels: the image's; may be NULL where none are asked for. */
bool image_filter_matches(const struct image_filter *f, const struct store_summary *image,
                          const struct oci_pairs *labels);
