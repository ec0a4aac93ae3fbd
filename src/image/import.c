// SPDX-License-Identifier: Apache-2.0
/*
 * How: a tar is read once, by the worker, which tells by its first member whether it is a root file system or an image
 * archive. The first becomes one layer as it comes; the files of the second are then read as an OCI layout or docker-archive
 * (archive.c). A directory is first made into a tar, so that it takes the same way.
 *
 * Threat: everything in the file. This process only ever parses JSON of it, and only believes digests that it can compare.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/log.h"
#include "image/store_internal.h"
#include "image/stream.h"
#include "image/worker.h"
#include "oci/reference.h"
#include "sys/file.h"
#include "sys/userns.h"

#define BYTES_MAX (100ULL << 30)
#define INODES_MAX 5000000ULL
#define RATIO_MAX 1000
#define RATIO_FLOOR (64ULL << 20)
#define LIMIT_MAX (1ULL << 60) /* sums of limits do not overflow */

static const char *media_type(uint32_t compression)
{
    static const char *const types[STREAM_COMPRESSIONS] = {
        [STREAM_NONE] = MEDIA_LAYER, [STREAM_GZIP] = MEDIA_LAYER_GZIP, [STREAM_ZSTD] = MEDIA_LAYER_ZSTD,
        [STREAM_XZ] = MEDIA_LAYER,   [STREAM_BZIP2] = MEDIA_LAYER, /* their blobs are kept decompressed */
    };

    return types[compression];
}

struct worker_job import_job(const struct import *im)
{
    const struct import_options *o = im->o;

    return (struct worker_job){
        .refuse_devices = o->refuse_devices,
        .one_owner = userns_ids() == 1,
        .in_fd = -1,
        .dir_fd = -1,
        .copy_fd = -1,
        .max_bytes = im->bytes_left,
        .max_inodes = im->inodes_left,
        .max_ratio = o->max_ratio != 0 ? o->max_ratio : RATIO_MAX,
        .ratio_floor = RATIO_FLOOR,
    };
}

void import_charge(struct import *im, const struct worker_result *res)
{
    im->bytes_left -= MIN_OF(res->file_bytes, im->bytes_left);
    im->inodes_left -= MIN_OF(res->inodes, im->inodes_left);
    if (res->left_out > 0)
        log_warn("%llu device nodes were left out (the first is %s)", (unsigned long long) res->left_out,
                 res->first_left_out);
    if (res->xattrs > 0)
        log_debug("%llu extended attributes were left out", (unsigned long long) res->xattrs);
}

static struct staged_layer *add_layer(struct import *im, size_t *ret_index)
{
    struct staged *st = &im->st;

    st->layers = arena_grow(st->arena, st->layers, st->n_layers, st->n_layers + 1, sizeof(*st->layers));
    *ret_index = st->n_layers;
    struct staged_layer *l = &st->layers[st->n_layers++];
    snprintf(l->dir, sizeof(l->dir), "layer%zu", *ret_index);
    snprintf(l->blob, sizeof(l->blob), "blob%zu", *ret_index);
    return l;
}

struct staged_image *import_add_image(struct import *im)
{
    struct staged *st = &im->st;

    st->images = arena_grow(st->arena, st->images, st->n_images, st->n_images + 1, sizeof(*st->images));
    return &st->images[st->n_images++];
}

/* The layer's own root: where an archive says nothing of it, it is a plain directory of root's. */
int import_layer_dir(const struct import *im, const char *name, struct error *err)
{
    struct timespec zero[2] = { { 0 } };

    if (mkdirat(im->st.work->fd, name, 0755) < 0)
        return error_errno(err, -errno, "cannot make a layer's directory");
    int fd = dir_open(im->st.work->fd, name, err);
    if (fd >= 0 && (fchmod(fd, 0755) < 0 || futimens(fd, zero) < 0)) {
        int code = -errno;
        close(fd);
        return error_errno(err, code, "cannot make a layer's directory");
    }
    return fd;
}

static int new_blob(struct import *im, const char *name, struct error *err)
{
    return file_open(im->st.work->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, err);
}

void import_fill_layer(struct staged_layer *l, const struct worker_result *res)
{
    bool copied = res->copy_hex[0] != '\0';

    memcpy(l->diff_id, res->out_hex, sizeof(l->diff_id));
    memcpy(l->digest, copied ? res->copy_hex : res->in_hex, sizeof(l->digest));
    l->media_type = media_type(res->compression);
    l->size = (int64_t) (copied ? res->copy_bytes : res->in_bytes);
    l->file_bytes = res->file_bytes;
}

/* Our own file becomes the blob by a second name. Not every file system links by descriptor: then it is copied. */
static bool link_blob(struct import *im, int fd, const char *name)
{
    return linkat(fd, "", im->st.work->fd, name, AT_EMPTY_PATH) == 0;
}

int import_layer(struct import *im, int fd, bool own, const char *what, struct error *err)
{
    struct worker_job job = import_job(im);
    struct worker_result res;
    uint8_t magic[6] = { 0 };
    size_t index;

    struct staged_layer *l = add_layer(im, &index);
    /* xz and bzip2 are no blobs of the image specification: they are copied out decompressed. */
    if (own && pread(fd, magic, sizeof(magic), 0) > 0 &&
        memcmp(magic,
               "\xfd"
               "7zXZ",
               5) != 0 &&
        memcmp(magic, "BZh", 3) != 0)
        own = link_blob(im, fd, l->blob);
    else
        own = false;
    _cleanup_close_ int copy = own ? -1 : new_blob(im, l->blob, err);
    if (!own && copy < 0)
        return copy;
    _cleanup_close_ int dir = import_layer_dir(im, l->dir, err);
    if (dir < 0)
        return dir;
    job.in_fd = fd;
    job.dir_fd = dir;
    job.copy_fd = copy;
    int r = worker_run(&job, &res, err);
    if (r < 0)
        return error_context(err, r, "%s", what);
    import_charge(im, &res);
    import_fill_layer(l, &res);
    return (int) index;
}

int import_platform(struct arena *a, const char *platform, const char **os, const char **arch,
                    const char **variant, struct error *err)
{
    static const char *const machines[][2] = { { "x86_64", "amd64" }, { "aarch64", "arm64" } };

    *variant = NULL;
    if (platform == NULL) {
        struct utsname u;
        uname(&u);
        *os = "linux";
        *arch = arena_strdup(a, u.machine);
        for (size_t i = 0; i < ARRAY_LEN(machines); i++)
            if (str_eq(u.machine, machines[i][0]))
                *arch = machines[i][1];
        return 0;
    }
    char *text = arena_strdup(a, platform), *rest = text;
    *os = strsep(&rest, "/");
    *arch = strsep(&rest, "/");
    *variant = strsep(&rest, "/");
    if (**os == '\0' || str_empty(*arch) || rest != NULL || (*variant != NULL && **variant == '\0'))
        return error_set(err, -EINVAL,
                         "invalid platform \"%.80s\": it must be os/architecture or os/architecture/variant",
                         platform);
    return 0;
}

void import_make_manifest(struct import *im, struct staged_image *img)
{
    struct arena *a = im->st.arena;
    struct image_manifest m = { .media_type = MEDIA_MANIFEST };

    m.config = (struct image_descriptor){
        .media_type = MEDIA_CONFIG,
        .digest = arena_printf(a, "sha256:%s", img->id),
        .size = (int64_t) img->config_len,
    };
    m.layers.v = arena_array(a, img->n_layers, sizeof(*m.layers.v));
    m.layers.n = img->n_layers;
    for (size_t i = 0; i < img->n_layers; i++) {
        const struct staged_layer *l = &im->st.layers[img->layers[i]];
        m.layers.v[i] = (struct image_descriptor){
            .media_type = l->media_type,
            .digest = arena_printf(a, "sha256:%s", l->digest),
            .size = l->size,
        };
    }
    _cleanup_json_ json_t *j = image_manifest_to_json(&m);
    _cleanup_free_ char *text = json_text(j, 0);
    img->manifest = arena_strdup(a, text);
    img->manifest_len = strlen(text);
    img->manifest_type = MEDIA_MANIFEST;
    sha256_of(img->manifest, img->manifest_len, img->manifest_hex);
}

/* --- a root file system --- */

static int rootfs_config(struct import *im, const char *file, const struct timespec *created,
                         struct image_config *c, struct error *err)
{
    const struct import_options *o = im->o;
    struct arena *a = im->st.arena;
    char text[CLOCK_TEXT_MAX];
    struct timespec now;

    if (created == NULL)
        created = o->created;
    if (created == NULL) {
        clock_source_date(&now);
        created = &now;
    }
    clock_format(created, text);
    int r = import_platform(a, o->platform, &c->os, &c->architecture, &c->variant, err);
    c->created = arena_strdup(a, text);
    for (size_t i = 0; i < o->n_changes && r == 0; i++)
        r = change_apply(a, o->changes[i], c, err);
    if (r < 0)
        return r;
    c->history = arena_array(a, 1, sizeof(*c->history));
    c->n_history = 1;
    c->history[0].created = c->created;
    c->history[0].comment = o->message != NULL ? o->message : arena_printf(a, "Imported from %s", file);
    return 0;
}

/* The one layer is staged: the image around it. */
void import_finish(struct import *im, struct image_config *c)
{
    struct arena *a = im->st.arena;
    struct staged_image *img = import_add_image(im);

    img->n_layers = im->st.n_layers;
    img->layers = arena_array(a, img->n_layers, sizeof(*img->layers));
    for (size_t i = 0; i < img->n_layers; i++) {
        oci_strings_add(a, &c->diff_ids, arena_printf(a, "sha256:%s", im->st.layers[i].diff_id));
        img->layers[i] = i;
    }
    _cleanup_json_ json_t *j = image_config_to_json(c);
    _cleanup_free_ char *text = json_text(j, 0);
    img->config = arena_strdup(a, text);
    img->config_len = strlen(text);
    sha256_of(img->config, img->config_len, img->id);
    img->os = c->os;
    img->architecture = c->architecture;
    img->variant = c->variant;
    if (im->name != NULL)
        oci_strings_add(a, &img->names, im->name);
    import_make_manifest(im, img);
}

static int import_tar(struct import *im, int fd, const char *file, struct error *err)
{
    struct worker_job job = import_job(im);
    struct worker_result res;
    struct image_config config = { 0 };
    size_t index;

    /* What is wrong with the options is said before a gigabyte is read. */
    int r = im->o->form == IMPORT_ARCHIVE ? 0 : rootfs_config(im, file, NULL, &config, err);
    if (r < 0)
        return r;
    struct staged_layer *l = add_layer(im, &index);
    _cleanup_close_ int blob = new_blob(im, l->blob, err);
    if (blob < 0)
        return blob;
    _cleanup_close_ int dir = import_layer_dir(im, l->dir, err);
    if (dir < 0)
        return dir;
    job.in_fd = fd;
    job.dir_fd = dir;
    job.copy_fd = blob;
    job.expect = im->o->form == IMPORT_ROOTFS    ? WORKER_EXPECT_LAYER
                 : im->o->form == IMPORT_ARCHIVE ? WORKER_EXPECT_FILES
                                                 : WORKER_EXPECT_EITHER;
    r = worker_run(&job, &res, err);
    if (r < 0)
        return r;
    import_charge(im, &res);
    if (!res.end_marked)
        return error_set(err, -EINVAL, "the archive is cut off: it has no end mark");
    if (res.form == WORKER_FORM_FILES) {
        im->st.n_layers = 0; /* that was the outside */
        if (renameat(im->st.work->fd, l->dir, im->st.work->fd, "outside") < 0 ||
            unlinkat(im->st.work->fd, l->blob, 0) < 0)
            return error_errno(err, -errno, "cannot rename a directory in the store's tmp");
        return import_archive(im, dir, true, err);
    }
    if (res.inodes == 0)
        return error_set(err, -EINVAL, "the archive is empty");
    import_fill_layer(l, &res);
    import_finish(im, &config);
    return 0;
}

int import_packed(struct import *im, struct worker_job *job, const char *what, struct worker_result *res,
                  struct error *err)
{
    _cleanup_close_ int tar = file_open(im->st.work->fd, "packed", O_RDWR | O_CREAT | O_EXCL, 0600, err);

    if (tar < 0)
        return tar;
    job->pack = true;
    job->copy_fd = tar;
    int r = worker_run(job, res, err);
    if (r < 0)
        return r;
    if (res->left_out > 0)
        log_warn("%llu device nodes and sockets were left out (the first is %s)",
                 (unsigned long long) res->left_out, res->first_left_out);
    if (lseek(tar, 0, SEEK_SET) < 0)
        return error_errno(err, -errno, "cannot read the layer again");
    r = import_layer(im, tar, true, what, err);
    if (r >= 0 && !str_eq(im->st.layers[r].diff_id, res->out_hex))
        return error_set(err, -EIO, "the layer changed on its way");
    return r;
}

static int import_directory(struct import *im, int dirfd, const char *file, struct error *err)
{
    struct worker_job job = import_job(im);
    struct worker_result res;
    struct image_config config = { 0 };

    int r = rootfs_config(im, file, NULL, &config, err); /* options first, as above */
    if (r < 0)
        return r;
    job.in_fd = dirfd;
    job.clamp_from = im->o->clamp_from;
    r = import_packed(im, &job, "the directory", &res, err);
    if (r >= 0 && im->o->clamp_from != 0) {
        struct timespec newest = { .tv_sec = res.newest_sec };
        config = (struct image_config){ 0 };
        r = rootfs_config(im, file, &newest, &config, err);
    }
    if (r < 0)
        return r;
    import_finish(im, &config);
    return 0;
}

static bool has_file(int dirfd, const char *name)
{
    struct stat st;

    return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static int import_from(struct import *im, int fd, const char *file, struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_errno(err, -errno, "cannot look at %s", file);
    if (!S_ISDIR(st.st_mode)) {
        if (isatty(fd))
            return error_set(err, -EINVAL,
                             "an archive is not read from a terminal: give a file, or pipe one in");
        return import_tar(im, fd, file, err);
    }
    bool archive = im->o->form == IMPORT_ARCHIVE ||
                   (im->o->form == IMPORT_AUTO && has_file(fd, "oci-layout") && has_file(fd, "index.json"));
    return archive ? import_archive(im, fd, false, err) : import_directory(im, fd, file, err);
}

int import_name(struct arena *a, const char *name, const char **ret, struct error *err)
{
    struct reference ref;
    char full[640];

    int r = reference_parse(name, &ref, err);
    if (r < 0)
        return r;
    if (ref.digest[0] != '\0')
        return error_set(err, -EINVAL, "a new image's name cannot have a digest in it");
    reference_format(&ref, full, sizeof(full));
    *ret = arena_strdup(a, full);
    return 0;
}

static int run_import(struct import *im, const char *file, const char *name, struct error *err)
{
    bool from_stdin = str_eq(file, "-");

    int r = name == NULL ? 0 : import_name(im->st.arena, name, &im->name, err);
    if (r < 0)
        return r;
    _cleanup_close_ int opened = from_stdin ? -1 : file_open(AT_FDCWD, file, O_RDONLY | O_NOCTTY, 0, err);
    if (!from_stdin && opened < 0)
        return opened;
    r = work_new(im->store, &im->st.work, err);
    if (r == 0)
        r = import_from(im, from_stdin ? STDIN_FILENO : opened, file, err);
    if (r < 0)
        return error_context(err, r, "cannot import %s", from_stdin ? "standard input" : file);
    return store_publish(im->store, &im->st, err);
}

static void tell(const struct import *im)
{
    for (size_t i = 0; im->o->imported != NULL && i < im->st.n_images; i++) {
        const struct staged_image *img = &im->st.images[i];
        for (size_t k = 0; k < img->names.n; k++)
            im->o->imported(im->o->arg, img->names.v[k], img->id);
        if (img->names.n == 0)
            im->o->imported(im->o->arg, NULL, img->id);
    }
}

void import_budgets(struct import *im)
{
    im->bytes_left = im->o->max_bytes != 0 ? MIN_OF(im->o->max_bytes, LIMIT_MAX) : BYTES_MAX;
    im->inodes_left = im->o->max_inodes != 0 ? MIN_OF(im->o->max_inodes, LIMIT_MAX / 4096) : INODES_MAX;
}

int store_import(struct store *s, const char *file, const char *name, const struct import_options *o,
                 char id[static 65], struct error *err)
{
    static const struct import_options none = { 0 };
    struct import im = { .store = s, .o = o != NULL ? o : &none };

    im.st.arena = arena_new();
    import_budgets(&im);
    int r = run_import(&im, file, name, err);
    if (r == 0) {
        memcpy(id, im.st.images[im.st.n_images - 1].id, 65);
        tell(&im);
    }
    work_free(im.st.work);
    arena_free(im.st.arena);
    return r;
}
