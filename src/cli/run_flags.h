// SPDX-License-Identifier: Apache-2.0
/* cli/run_flags.h: the flags of `oakum run`, and what they fill. */
#pragma once

#include "cli/opt.h"
#include "engine/options.h"

struct run_flags {
    struct run_options o; /* first: setters of engine/options.h get a pointer to it */
    struct oci_strings env, env_files, labels, label_files, annotations;
    const char *detach_keys;
    struct opt_bool sig_proxy;
};

#define RUN_FLAG_COUNT 106
extern const struct cli_option run_flag_table[RUN_FLAG_COUNT];

/* What can only be said when all flags are known: files before single values, the image and its command. */
int run_flags_finish(struct run_flags *f, int words, char **argv, struct error *err);

/* What these options give up, each told as one sentence. */
void run_warnings(const struct run_options *o, void (*say)(void *arg, const char *text), void *arg);
