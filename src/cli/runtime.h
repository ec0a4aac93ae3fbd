// SPDX-License-Identifier: Apache-2.0
/*
 * cli/runtime.h: the program `oakum-runtime`, an OCI runtime with the command line that crun and runc share. Its files include
 * nothing of image/ and engine/: what is linked is what is loaded, and a start's time is the product.
 */
#pragma once

#include "cli/cli.h"
#include "runtime/container.h"

extern const struct command runtime_run, runtime_create, runtime_start, runtime_state, runtime_kill,
    runtime_delete, runtime_exec, runtime_list, runtime_ps, runtime_spec, runtime_features, runtime_pause,
    runtime_resume, runtime_update, runtime_events, runtime_checkpoint, runtime_restore;

/* Global options that commands need. */
struct runtime_globals {
    const char *root, *log, *log_format, *log_level, *cgroup_manager, *criu, *rootless;
    bool debug, systemd_cgroup, version;
};
extern struct runtime_globals runtime_globals;

/* config (NULL: the bundle's config.json), read once, with the devices that every container has. */
int runtime_read_config(const char *config, const char *bundle, char **ret_text, struct oci_spec **ret,
                        struct error *err);
/* Opens the runtime's root. 0, or an exit status after the message was given. */
int runtime_begin(const struct cli *cli, struct runtime **ret);
static inline void cleanup_runtime(struct runtime **rt)
{
    runtime_close(*rt);
}
#define _cleanup_runtime_ __attribute__((cleanup(cleanup_runtime)))

int oakum_runtime_main(int argc, char **argv);
