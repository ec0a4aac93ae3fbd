// SPDX-License-Identifier: Apache-2.0
/*
 * How: both workers are started before either is waited for; what the one writes into the pipe the other reads. When one of them fails the pipe
 * breaks for the other, whose complaint about that is not the one to tell.
 *
 * Threat: the files, and who changes them meanwhile (CVE-2018-15664: a link put in the way between the look and the copy; CVE-2019-14271: code
 * of the container that the copying process loads). A worker has its directory as its root, Landlock around it, and nothing that it executes
 * or loads comes from there: it is loaded before it goes in.
 */
#include "image/copy.h"

#include <errno.h>
#include <fcntl.h>

#include "base/strbuf.h"
#include "base/table.h"
#include "image/worker.h"

#define NO_LIMIT (1ULL << 60)

static struct worker_job pack_job(const struct copy_source *from, int out)
{
    return (struct worker_job){ .pack = true,
                                .copy = true,
                                .in_fd = from->dir,
                                .dir_fd = -1,
                                .copy_fd = out,
                                .userns_fd = from->userns,
                                .only = from->only,
                                .as = from->as,
                                .max_bytes = NO_LIMIT,
                                .max_inodes = NO_LIMIT / 8192 };
}

static struct worker_job unpack_job(int in, const struct copy_target *to)
{
    return (struct worker_job){ .copy = true,
                                .in_fd = in,
                                .dir_fd = to->dir,
                                .copy_fd = -1,
                                .userns_fd = to->userns,
                                .one_owner = !to->keep_owners,
                                .links_in_root = to->root,
                                .plain_modes = to->plain_modes,
                                .max_bytes = NO_LIMIT,
                                .max_inodes = NO_LIMIT / 8192 };
}

static void report(const struct worker_result *res, struct copy_report *ret)
{
    _cleanup_strbuf_ struct strbuf clean = STRBUF_INIT;
    *ret = (struct copy_report){ .bytes = res->out_bytes, .left_out = res->left_out };
    text_neutralise(&clean, res->first_left_out);
    if (clean.len > 0)
        memcpy(ret->first_left_out, clean.buf, MIN_OF(clean.len, sizeof(ret->first_left_out) - 1));
}

int copy_out(const struct copy_source *from, int out, struct copy_report *ret, struct error *err)
{
    const struct worker_job job = pack_job(from, out);
    struct worker_result res;
    int r = worker_run(&job, &res, err);
    if (r == 0)
        report(&res, ret);
    return r;
}

int copy_in(int in, const struct copy_target *to, struct copy_report *ret, struct error *err)
{
    const struct worker_job job = unpack_job(in, to);
    struct worker_result res;
    int r = worker_run(&job, &res, err);
    if (r == 0 && !res.end_marked)
        return error_set(err, -EINVAL, "the archive is cut off: it has no end mark");
    if (r == 0)
        report(&res, ret);
    return r;
}

int copy_files(const struct copy_source *from, const struct copy_target *to, struct copy_report *ret,
               struct error *err)
{
    struct worker_result read_result, write_result;
    struct worker *reader = NULL, *writer = NULL;
    struct error read_error = { 0 }, write_error = { 0 };
    int p[2];
    if (pipe2(p, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    const struct worker_job pack = pack_job(from, p[1]), unpack = unpack_job(p[0], to);
    int reads = worker_begin(&pack, &reader, &read_error);
    int writes = reads < 0 ? 0 : worker_begin(&unpack, &writer, &write_error);
    close(p[0]);
    close(p[1]);
    if (reader != NULL)
        reads = worker_finish(reader, &read_result, &read_error);
    if (writer != NULL)
        writes = worker_finish(writer, &write_result, &write_error);
    const struct error *told = reads < 0 && reads != -EPIPE ? &read_error : &write_error;
    if (reads < 0 || writes < 0) {
        if (told->code == 0)
            told = &read_error;
        return error_set(err, told->code, "%s", told->msg);
    }
    report(&read_result, ret);
    return 0;
}
