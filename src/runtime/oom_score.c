// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a number in a file of procfs. Threat: an engine protects itself from the kernel's OOM killer (containerd and its shims
 * run with -999), and what it has executed in a container inherits that: a leak inside would kill everybody else first.
 */
#include "runtime/oom_score.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/log.h"
#include "base/parse.h"
#include "confine/rootless.h"
#include "sys/file.h"
#include "sys/proc.h"

int oom_score_set(int proc_fd, const char *process, const struct opt_i64 *adj, struct error *err)
{
    char path[48], text[24];
    if (!adj->set)
        return 0;
    if (str_format(path, sizeof(path), "%s/oom_score_adj", process) < 0 ||
        str_format(text, sizeof(text), "%lld", (long long) adj->v) < 0)
        return -ENAMETOOLONG;
    int r = proc_write(proc_fd, path, text, err);
    if (r == -EACCES && rootless_lenient()) {
        /* Who is not root on the host may not make its processes less likely to be killed than it is itself. */
        log_info("process.oomScoreAdj: stays as it is, since only the host's root can lower it to %s", text);
        error_clear(err);
        return 0;
    }
    return r < 0 ? error_context(err, r, "process.oomScoreAdj") : 0;
}

int oom_score_lend(int proc_fd, const struct opt_i64 *adj, struct opt_i64 *ret_own, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    int32_t own;
    if (!adj->set)
        return 0;
    int r = file_read(proc_fd, "self/oom_score_adj", 64, &text, NULL, err);
    if (r < 0)
        return error_context(err, r, "process.oomScoreAdj");
    text[strcspn(text, "\n")] = '\0';
    if (parse_i32(text, &own) < 0)
        return error_set(err, -EBADMSG, "process.oomScoreAdj: cannot read one's own");
    if (own == adj->v)
        return 0;
    r = oom_score_set(proc_fd, "self", adj, err);
    if (r == 0)
        *ret_own = (struct opt_i64){ true, own };
    return r;
}
