// SPDX-License-Identifier: Apache-2.0
#include "image/export.h"

#include "base/log.h"
#include "image/worker.h"

#define NO_LIMIT (1ULL << 60)

int export_directory(int dir, int out, uint32_t ids_first, struct error *err)
{
    const struct worker_job job = {
        .pack = true,
        .in_fd = dir,
        .dir_fd = -1,
        .copy_fd = out,
        .max_bytes = NO_LIMIT,
        .max_inodes = NO_LIMIT / 8192,
        .ids_first = ids_first,
    };
    struct worker_result res;
    int r = worker_run(&job, &res, err);
    if (r == 0 && res.left_out > 0)
        log_warn("%llu device nodes and sockets were left out (the first is %s)",
                 (unsigned long long) res.left_out, res.first_left_out);
    return r;
}
