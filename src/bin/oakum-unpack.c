// SPDX-License-Identifier: Apache-2.0
/*
 * oakum-unpack: the sandboxed worker that reads hostile archives for `oakum`. Not for people: it is started with its
 * descriptors in place (image/worker_proto.h) and `unpack` or `pack` and key=value options as arguments.
 *
 * Order: look at the arguments, lock itself in (image/sandbox.h), and only then read the first byte of the archive.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "image/extract.h"
#include "image/pack.h"
#include "image/sandbox.h"
#include "image/tar.h"
#include "image/worker_proto.h"
#include "oci/digest.h"
#include "sys/fd_pass.h"

#define MEMORY_MAX (320ULL * 1024 * 1024) /* zstd's 128 MiB window twice over, and the buffers */

#if defined(__SANITIZE_ADDRESS__)
/* The leak checker reads /proc, which is out of reach in there. */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

struct options {
    uint64_t max_bytes, max_inodes, max_ratio, ratio_floor;
    uint64_t refuse_devices, one_owner, copy, expect;
    uint64_t clamp_from, ids_first;
    uint64_t form_copy, links_in_root, plain_modes, userns, upper;
    const char *only, *as;
};

static int read_options(int argc, char **argv, struct options *o)
{
    const struct {
        const char *key;
        uint64_t *value;
    } table[] = {
        { "max-bytes=", &o->max_bytes },
        { "max-inodes=", &o->max_inodes },
        { "max-ratio=", &o->max_ratio },
        { "ratio-floor=", &o->ratio_floor },
        { "refuse-devices=", &o->refuse_devices },
        { "one-owner=", &o->one_owner },
        { "copy=", &o->copy },
        { "expect=", &o->expect },
        { "clamp-from=", &o->clamp_from },
        { "ids-first=", &o->ids_first },
        { "form-copy=", &o->form_copy },
        { "links-in-root=", &o->links_in_root },
        { "plain-modes=", &o->plain_modes },
        { "userns=", &o->userns },
        { "upper=", &o->upper },
    };

    for (int i = 0; i < argc; i++) {
        const char *text;
        if ((text = str_after(argv[i], "only=")) != NULL) {
            o->only = text;
            continue;
        }
        if ((text = str_after(argv[i], "as=")) != NULL) {
            o->as = text;
            continue;
        }
        size_t k = 0;
        const char *value = NULL;
        while (k < ARRAY_LEN(table) && (value = str_after(argv[i], table[k].key)) == NULL)
            k++;
        if (value == NULL || parse_u64(value, table[k].value) < 0)
            return -EINVAL;
    }
    return 0;
}

static int send_message(const void *data, size_t len, int fd, struct error *err)
{
    int r = fd_send(WORKER_FD_CTL, data, len, fd);
    return r < 0 ? error_errno(err, r, "cannot report an opaque directory") : 0;
}

static int send_opaque(void *arg, int dirfd, struct error *err)
{
    char kind = WORKER_OPAQUE;

    (void) arg;
    return send_message(&kind, 1, dirfd, err);
}

/* The names that stand first in what docker, podman, skopeo, crane, kaniko and jib write: a document, a layer (HEX.tar, HEX.tar.gz), a config (HEX.json, sha256:HEX). */
static bool image_archive_name(const char *name)
{
    static const char *const whole[] = { "oci-layout", "index.json", "manifest.json", "repositories",
                                         "blobs" };
    static const char *const endings[] = { "", ".tar", ".tar.gz", ".json" };
    char hex[65];
    size_t n = strcspn(name, "/");

    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        if (n == strlen(whole[i]) && strncmp(name, whole[i], n) == 0)
            return true;
    if (n > 7 && strncmp(name, "sha256:", 7) == 0) {
        name += 7;
        n -= 7;
    }
    if (n < 64)
        return false;
    memcpy(hex, name, 64);
    hex[64] = '\0';
    if (!hex64_valid(hex))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (n - 64 == strlen(endings[i]) && strncmp(name + 64, endings[i], n - 64) == 0)
            return true;
    return false;
}

struct job {
    struct stream *s;
    struct tar *t;
    struct extract *x;
    bool decided;
};

static int take_as_files(struct job *j, struct worker_result *res, struct error *err)
{
    res->form = WORKER_FORM_FILES;
    extract_set_form(j->x, EXTRACT_FILES);
    return stream_drop_copy(j->s, err);
}

static int decide_form(struct job *j, const struct tar_entry *e, struct worker_result *res, struct error *err)
{
    struct strbuf clean = STRBUF_INIT;
    int r = 0;

    /* "./" says nothing; a bad name is refused by the extraction. */
    if (extract_clean_name(e->name, &clean, NULL) == 0 && clean.len > 0) {
        j->decided = true;
        if (image_archive_name(clean.buf))
            r = take_as_files(j, res, err);
    }
    strbuf_free(&clean);
    return r;
}

static int unpack_members(struct job *j, struct worker_result *res, struct error *err)
{
    struct tar_entry e;
    int r;

    while ((r = tar_next(j->t, &e, err)) > 0) {
        r = j->decided ? 0 : decide_form(j, &e, res, err);
        if (r == 0)
            r = extract_member(j->x, j->t, &e, err);
        if (r < 0)
            return r;
    }
    if (r == 0)
        r = extract_finish(j->x, err);
    return r < 0 ? r : stream_drain(j->s, err);
}

static void report_unpack(struct job *j, struct worker_result *res)
{
    const struct extract_stats *st = extract_stats(j->x);
    struct stream_totals totals;

    stream_totals(j->s, &totals);
    res->compression = totals.compression;
    res->end_marked = tar_end_marked(j->t);
    res->in_bytes = totals.in;
    res->out_bytes = totals.out;
    res->copy_bytes = totals.copied;
    memcpy(res->in_hex, totals.in_hex, sizeof(res->in_hex));
    memcpy(res->out_hex, totals.out_hex, sizeof(res->out_hex));
    memcpy(res->copy_hex, totals.copy_hex, sizeof(res->copy_hex));
    res->file_bytes = st->bytes;
    res->inodes = st->inodes;
    res->left_out = st->devices;
    res->xattrs = st->xattrs;
    memcpy(res->first_left_out, st->first_device, sizeof(res->first_left_out));
}

static int do_unpack(const struct options *o, struct worker_result *res, struct error *err)
{
    struct job j = { .decided = o->expect != WORKER_EXPECT_EITHER };
    /* Headers and padding come on top of the files. */
    struct stream_limits limits = { o->max_bytes + o->max_inodes * 4096 + 65536, o->max_ratio,
                                    o->ratio_floor };
    struct extract_options xo = {
        .root = WORKER_FD_DIR,
        .refuse_devices = o->refuse_devices != 0,
        .one_owner = o->one_owner != 0,
        .links_in_root = o->links_in_root != 0,
        .plain_modes = o->plain_modes != 0,
        .max_bytes = o->max_bytes,
        .max_inodes = o->max_inodes,
        .opaque = send_opaque,
    };

    int r = stream_open(WORKER_FD_IN, o->copy != 0 ? WORKER_FD_COPY : -1, &limits, &j.s, err);
    if (r < 0)
        return r;
    j.t = tar_new(j.s);
    j.x = extract_new(&xo);
    if (o->form_copy != 0)
        extract_set_form(j.x, EXTRACT_COPY);
    r = o->expect == WORKER_EXPECT_FILES ? take_as_files(&j, res, err) : 0;
    if (r == 0)
        r = unpack_members(&j, res, err);
    if (r == 0)
        report_unpack(&j, res);
    extract_free(j.x);
    tar_free(j.t);
    stream_close(j.s);
    return r;
}

static int do_pack(const struct options *o, struct worker_result *res, struct error *err)
{
    struct pack_options po = {
        .dir = WORKER_FD_IN,
        .out = WORKER_FD_COPY,
        .clamp_from = (int64_t) o->clamp_from,
        .ids_first = (uint32_t) o->ids_first,
        .copy = o->form_copy != 0,
        .removed = o->upper != 0 ? WORKER_FD_DIR : -1,
        .only = o->only,
        .as = o->as,
        .max_bytes = o->max_bytes,
        .max_inodes = o->max_inodes,
    };
    struct pack_stats st;

    int r = pack_directory(&po, &st, err);
    if (r < 0)
        return r;
    res->end_marked = 1;
    res->in_bytes = res->out_bytes = res->copy_bytes = st.tar_bytes;
    memcpy(res->in_hex, st.hex, sizeof(res->in_hex));
    memcpy(res->out_hex, st.hex, sizeof(res->out_hex));
    memcpy(res->copy_hex, st.hex, sizeof(res->copy_hex));
    res->file_bytes = st.bytes;
    res->inodes = st.inodes;
    res->left_out = st.left_out;
    res->newest_sec = st.newest.tv_sec;
    memcpy(res->first_left_out, st.first_left_out, sizeof(res->first_left_out));
    return 0;
}

int main(int argc, char **argv)
{
    struct worker_result res = { .version = WORKER_VERSION };
    struct options o = { 0 };
    struct error err = { 0 };
    struct stat st;

    bool pack = argc > 1 && str_eq(argv[1], "pack");
    if (argc < 2 || (!pack && !str_eq(argv[1], "unpack")) || read_options(argc - 2, argv + 2, &o) < 0 ||
        fstat(WORKER_FD_CTL, &st) < 0 || !S_ISSOCK(st.st_mode)) {
        fprintf(stderr, "oakum-unpack: started by oakum only\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write over the limit gives -EFBIG, with a sentence */
    umask(0);
    struct sandbox_options so = {
        .dir = pack ? WORKER_FD_IN : WORKER_FD_DIR,
        .read_only = pack,
        .message_fd = WORKER_FD_CTL,
        .last_fd = WORKER_FD_COPY,
        .userns_fd = o.userns != 0 ? WORKER_FD_USERNS : -1,
        .memory = MEMORY_MAX,
        .file_size = o.max_bytes + o.max_inodes * 4096 + 65536,
    };
    int r = sandbox_enter(&so, &err);
    if (r == 0)
        r = pack ? do_pack(&o, &res, &err) : do_unpack(&o, &res, &err);
    res.code = r;
    if (r < 0)
        memcpy(res.msg, err.msg, MIN_OF(sizeof(res.msg), sizeof(err.msg)));
    return send_message(&res, sizeof(res), -1, NULL) < 0 ? 1 : 0;
}
