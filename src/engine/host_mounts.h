// SPDX-License-Identifier: Apache-2.0
/* engine/host_mounts.h: probes that mount; each leaves nothing behind. Part of engine/host.c. */
#pragma once

#include <stdbool.h>

bool host_mount_api(void);
/* Can the file system of path (of the nearest directory above that there is), and tmpfs, be id-mapped? */
void host_idmap(const char *path, bool *ret_root, bool *ret_tmpfs);
/* Can an overlay be mounted from within a user namespace's maps; with id-mapped layers? */
bool host_overlay(bool *ret_mapped);
