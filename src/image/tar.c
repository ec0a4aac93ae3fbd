// SPDX-License-Identifier: Apache-2.0
/*
 * How: tar_next() reads header blocks until one describes a member, collecting what extended headers say on the way; the
 * extended values are then laid over the header's. tar_data() hands out pieces of the stream's own window, so file contents
 * are never copied here.
 *
 * Threats: every number and length in a tar is the maker's. Numbers are checked for form and range when they are read,
 * extended headers are at most 1 MiB, a sparse map at most 1 Mi entries that must lie in order inside the file and add up
 * to the data that is there, and nothing is believed to be NUL-terminated.
 */
#include "image/tar.h"

#include <errno.h>

#include "base/strbuf.h"
#include "image/tar_pax.h"

#define EXTENDED_MAX (1024 * 1024)

/* Where the fields of a header block lie. */
enum {
    NAME = 0,
    MODE = 100,
    UID = 108,
    GID = 116,
    SIZE = 124,
    MTIME = 136,
    CHECKSUM = 148,
    TYPE = 156,
    LINK = 157,
    MAGIC = 257,
    PREFIX = 345,
    GNU_SPARSE = 386,
    GNU_EXTENDED = 482,
    GNU_REALSIZE = 483,
    STAR_TRAILER = 508
};

enum format { FORMAT_V7, FORMAT_USTAR, FORMAT_STAR, FORMAT_GNU };

struct tar {
    struct stream *s;
    struct pax pax; /* extended values for the next member */
    struct strbuf name, link, extended;
    bool long_name, long_link; /* GNU's 'L' and 'K' have set name and link */
    bool ended, end_marked;
    uint64_t left, padding; /* data of the member not yet handed out, and what fills its last block */
    size_t piece;           /* current entry of the sparse map */
    uint64_t piece_done;
    uint64_t offset; /* in a file that is not sparse */
    bool sparse;
};

struct tar *tar_new(struct stream *s)
{
    struct tar *t = xcalloc(1, sizeof(*t));

    t->s = s;
    t->name = t->link = t->extended = (struct strbuf) STRBUF_INIT;
    pax_init(&t->pax);
    return t;
}

void tar_free(struct tar *t)
{
    if (t == NULL)
        return;
    strbuf_free(&t->name);
    strbuf_free(&t->link);
    strbuf_free(&t->extended);
    pax_free(&t->pax);
    free(t);
}

bool tar_end_marked(const struct tar *t)
{
    return t->end_marked;
}

static int bad_header(const char *what, struct error *err)
{
    return error_set(err, -EINVAL, "the archive is damaged: %s", what);
}

/* Octal digits with blanks around them, or GNU's base-256: bit 7 of the first byte set, two's complement, big-endian. */
static int number(const uint8_t *p, size_t n, int64_t *ret)
{
    if (p[0] & 0x80) {
        uint8_t fill = (p[0] & 0x40) ? 0xff : 0;
        uint64_t v = (p[0] & 0x40) ? UINT64_MAX : 0;
        for (size_t i = 0; i < n; i++) {
            uint8_t byte = i == 0 ? (uint8_t) ((p[0] & 0x7f) | (fill & 0x80)) : p[i];
            if ((v >> 55) != (fill ? 0x1ff : 0))
                return -ERANGE;
            v = v << 8 | byte;
        }
        *ret = (int64_t) v;
        return 0;
    }
    uint64_t v = 0;
    while (n > 0 && (*p == ' ' || *p == '\0'))
        p++, n--;
    while (n > 0 && *p >= '0' && *p <= '7') {
        if (v >> 60)
            return -ERANGE;
        v = v << 3 | (uint64_t) (*p - '0');
        p++, n--;
    }
    if (n > 0 && *p != ' ' && *p != '\0')
        return -EINVAL;
    *ret = (int64_t) v;
    return 0;
}

/* The sum of all bytes with the checksum field taken as blanks; old tars summed signed bytes. */
static bool checksum_right(const uint8_t *h)
{
    int64_t want, plain = 0, with_sign = 0;

    if (number(h + CHECKSUM, 8, &want) < 0)
        return false;
    for (int i = 0; i < 512; i++) {
        uint8_t byte = i >= CHECKSUM && i < CHECKSUM + 8 ? ' ' : h[i];
        plain += byte;
        with_sign += (int8_t) byte;
    }
    return want == plain || want == with_sign;
}

static bool all_zero(const uint8_t *p)
{
    for (int i = 0; i < 512; i++)
        if (p[i] != 0)
            return false;
    return true;
}

static enum format header_format(const uint8_t *h)
{
    if (memcmp(h + MAGIC, "ustar\0", 6) == 0)
        return memcmp(h + STAR_TRAILER, "tar\0", 4) == 0 ? FORMAT_STAR : FORMAT_USTAR;
    return memcmp(h + MAGIC, "ustar  ", 8) == 0 ? FORMAT_GNU : FORMAT_V7;
}

/* 1 with a header whose checksum holds, 0 at the end. */
static int next_header(struct tar *t, const uint8_t **ret, struct error *err)
{
    int r = stream_block(t->s, ret, err);

    if (r <= 0)
        return r;
    if (!all_zero(*ret)) {
        if (!checksum_right(*ret))
            return error_set(err, -EINVAL,
                             "this is no tar archive, or it is damaged: a header's checksum is wrong");
        return 1;
    }
    r = stream_block(t->s, ret, err);
    if (r < 0)
        return r;
    if (r > 0 && !all_zero(*ret))
        return bad_header("one block of zeros stands between two members", err);
    t->end_marked = true;
    return 0;
}

/* The data of an extended header into t->extended. */
static int read_extended(struct tar *t, const uint8_t *h, struct error *err)
{
    int64_t size;
    const uint8_t *p;
    size_t len;

    if (number(h + SIZE, 12, &size) < 0 || size < 0)
        return bad_header("an extended header's size is no number", err);
    if (size > EXTENDED_MAX)
        return error_set(err, -EFBIG, "an extended header in the archive is larger than 1 MiB");
    strbuf_reset(&t->extended);
    for (uint64_t left = (uint64_t) size; left > 0; left -= len) {
        int r = stream_some(t->s, left, &p, &len, err);
        if (r < 0)
            return r;
        if (r == 0)
            return error_set(err, -EINVAL, "the archive is cut off");
        strbuf_add(&t->extended, p, len);
    }
    return stream_skip(t->s, (512 - (uint64_t) size % 512) % 512, err);
}

static int take_extended(struct tar *t, const uint8_t *h, struct error *err)
{
    struct strbuf *to = h[TYPE] == 'L' ? &t->name : &t->link;
    int r = read_extended(t, h, err);

    if (r < 0)
        return r;
    switch (h[TYPE]) {
    case 'x': return pax_parse(&t->pax, t->extended.buf, t->extended.len, err);
    case 'g': return 0; /* has no effect, as in Go's reader */
    default:            /* L, K: a NUL-terminated string */
        strbuf_reset(to);
        strbuf_adds(to, t->extended.buf);
        *(h[TYPE] == 'L' ? &t->long_name : &t->long_link) = true;
        return 0;
    }
}

static void add_field(struct strbuf *sb, const uint8_t *p, size_t n)
{
    strbuf_add(sb, p, strnlen((const char *) p, n));
}

static void header_names(struct tar *t, const uint8_t *h)
{
    enum format f = header_format(h);
    size_t prefix = f == FORMAT_USTAR ? 155 : f == FORMAT_STAR ? 131 : 0;

    if (!t->long_name) {
        strbuf_reset(&t->name);
        if (t->pax.path != NULL) {
            strbuf_adds(&t->name, t->pax.path);
        } else {
            if (prefix > 0 && h[PREFIX] != '\0') {
                add_field(&t->name, h + PREFIX, prefix);
                strbuf_addc(&t->name, '/');
            }
            add_field(&t->name, h + NAME, 100);
        }
    }
    /* A sparse file's real name; the header's is a temporary one of GNU tar's. */
    if (t->pax.sparse_name != NULL) {
        strbuf_reset(&t->name);
        strbuf_adds(&t->name, t->pax.sparse_name);
    }
    if (!t->long_link) {
        strbuf_reset(&t->link);
        if (t->pax.linkpath != NULL)
            strbuf_adds(&t->link, t->pax.linkpath);
        else
            add_field(&t->link, h + LINK, 100);
    }
}

static int member_type(const struct tar *t, const uint8_t *h, enum tar_type *ret, struct error *err)
{
    switch (h[TYPE]) {
    case '\0': *ret = t->name.len > 0 && t->name.buf[t->name.len - 1] == '/' ? TAR_DIR : TAR_FILE; return 0;
    case '0':
    case '7':
    case 'S': *ret = TAR_FILE; return 0;
    case '1': *ret = TAR_HARDLINK; return 0;
    case '2': *ret = TAR_SYMLINK; return 0;
    case '3': *ret = TAR_CHAR; return 0;
    case '4': *ret = TAR_BLOCK; return 0;
    case '5': *ret = TAR_DIR; return 0;
    case '6': *ret = TAR_FIFO; return 0;
    default: return error_set(err, -EINVAL, "the archive has a member of unknown type 0x%02x", h[TYPE]);
    }
}

static int id_field(const uint8_t *p, const struct pax_number *over, uint32_t *ret, const char *what,
                    struct error *err)
{
    int64_t v = over->v;

    if (!over->set && number(p, 8, &v) < 0)
        return bad_header(what, err);
    if (v < 0 || v >= UINT32_MAX)
        return error_set(err, -EINVAL, "the archive has a member with an impossible owner (%lld)",
                         (long long) v);
    *ret = (uint32_t) v;
    return 0;
}

static int member_numbers(const struct tar *t, const uint8_t *h, struct tar_entry *e, int64_t *stored,
                          struct error *err)
{
    int64_t mode, mtime;
    int r = id_field(h + UID, &t->pax.uid, &e->uid, "an owner is no number", err);

    if (r == 0)
        r = id_field(h + GID, &t->pax.gid, &e->gid, "a group is no number", err);
    if (r < 0)
        return r;
    if (number(h + MODE, 8, &mode) < 0)
        return bad_header("a mode is no number", err);
    e->mode = (uint32_t) mode & 07777;
    if (number(h + MTIME, 12, &mtime) < 0)
        return bad_header("a time is no number", err);
    e->mtime = t->pax.mtime_set ? t->pax.mtime : (struct timespec){ .tv_sec = mtime };
    *stored = t->pax.size.v;
    if (!t->pax.size.set && number(h + SIZE, 12, stored) < 0)
        return bad_header("a size is no number", err);
    if (*stored < 0)
        return bad_header("a size is negative", err);
    return 0;
}

static int gnu_map_entries(struct tar *t, const uint8_t *p, int n, bool *done, struct error *err)
{
    int64_t offset, len;

    for (int i = 0; i < n && !*done; i++, p += 24) {
        if (p[0] == '\0' || p[12] == '\0') {
            *done = true;
            return 0;
        }
        if (number(p, 12, &offset) < 0 || number(p + 12, 12, &len) < 0 || offset < 0 || len < 0)
            return bad_header("a sparse file's map has something that is no number", err);
        int r = pax_map_add(&t->pax, (uint64_t) offset, (uint64_t) len, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* GNU's old form: a map in the header and in the blocks behind it. */
static int gnu_sparse(struct tar *t, const uint8_t *h, struct error *err)
{
    bool done = false, more = h[GNU_EXTENDED] != 0;
    int64_t real;

    if (number(h + GNU_REALSIZE, 12, &real) < 0 || real < 0)
        return bad_header("a sparse file's size is no number", err);
    t->pax.real_size = (struct pax_number){ true, real };
    int r = gnu_map_entries(t, h + GNU_SPARSE, 4, &done, err);
    while (r == 0 && more) {
        const uint8_t *p;
        r = stream_block(t->s, &p, err);
        if (r == 0)
            return error_set(err, -EINVAL, "the archive is cut off");
        if (r < 0)
            return r;
        more = p[504] != 0;
        r = gnu_map_entries(t, p, 21, &done, err);
    }
    return r;
}

/* One decimal line of the 1.0 form's map, which stands before the data. *used counts its bytes. */
static int map_line(struct tar *t, uint64_t *used, uint64_t *ret, struct error *err)
{
    const uint8_t *p;
    size_t len;
    uint64_t v = 0;

    for (int digits = 0;; digits++) {
        int r = *used < t->left ? stream_some(t->s, 1, &p, &len, err) : 0;
        if (r < 0)
            return r;
        if (r == 0)
            return error_set(err, -EINVAL, "the archive is cut off");
        ++*used;
        if (*p == '\n' && digits > 0)
            break;
        if (*p < '0' || *p > '9' || digits > 18)
            return bad_header("a sparse file's map has something that is no number", err);
        v = v * 10 + (uint64_t) (*p - '0');
    }
    *ret = v;
    return 0;
}

static int pax_sparse_1_0(struct tar *t, struct error *err)
{
    uint64_t used = 0, n = 0, offset = 0, len = 0;
    int r = map_line(t, &used, &n, err);

    for (uint64_t i = 0; r == 0 && i < n; i++) {
        r = map_line(t, &used, &offset, err);
        if (r == 0)
            r = map_line(t, &used, &len, err);
        if (r == 0)
            r = pax_map_add(&t->pax, offset, len, err);
    }
    uint64_t fill = (512 - used % 512) % 512;
    if (r == 0 && used + fill > t->left)
        return bad_header("a sparse file's map is longer than its data", err);
    if (r == 0)
        r = stream_skip(t->s, fill, err);
    if (r == 0)
        t->left -= used + fill;
    return r;
}

static int prepare_data(struct tar *t, const uint8_t *h, struct tar_entry *e, uint64_t stored,
                        struct error *err)
{
    int r = 0;

    t->left = stored;
    t->padding = (512 - stored % 512) % 512;
    t->offset = t->piece_done = t->piece = 0;
    t->sparse = h[TYPE] == 'S' || pax_is_sparse(&t->pax);
    e->size = stored;
    if (!t->sparse)
        return 0;
    if (h[TYPE] == 'S')
        r = gnu_sparse(t, h, err);
    else if (t->pax.sparse_1_0)
        r = pax_sparse_1_0(t, err);
    if (r == 0)
        r = pax_map_check(&t->pax, t->left, err);
    if (r == 0)
        e->size = (uint64_t) t->pax.real_size.v;
    return r;
}

static int finish_member(struct tar *t, struct error *err)
{
    int r = stream_skip(t->s, t->left, err);

    t->left = 0;
    if (r == 0)
        r = stream_skip(t->s, t->padding, err);
    t->padding = 0;
    return r;
}

int tar_next(struct tar *t, struct tar_entry *ret, struct error *err)
{
    struct tar_entry e = { 0 };
    const uint8_t *h;
    uint8_t copy[512];
    int64_t stored = 0;

    if (t->ended)
        return 0;
    int r = finish_member(t, err);
    if (r < 0)
        return r;
    pax_reset(&t->pax);
    t->long_name = t->long_link = false;
    while ((r = next_header(t, &h, err)) > 0 && strchr("xgLK", h[TYPE]) != NULL && h[TYPE] != '\0') {
        memcpy(copy, h, sizeof(copy));
        r = take_extended(t, copy, err);
        if (r < 0)
            return r;
    }
    if (r <= 0) {
        t->ended = r == 0;
        return r;
    }
    memcpy(copy, h, sizeof(copy)); /* a sparse map moves the stream's window */
    header_names(t, copy);
    r = member_type(t, copy, &e.type, err);
    if (r == 0)
        r = member_numbers(t, copy, &e, &stored, err);
    if (r == 0)
        r = prepare_data(t, copy, &e, e.type == TAR_FILE ? (uint64_t) stored : 0, err);
    if (r < 0)
        return r;
    e.name = t->name.buf;
    e.link = e.type == TAR_HARDLINK || e.type == TAR_SYMLINK ? t->link.buf : "";
    e.xattrs = t->pax.xattrs;
    e.n_xattrs = t->pax.n_xattrs;
    *ret = e;
    return 1;
}

/* The next piece of the sparse map that has data left: how much, and where it goes. */
static uint64_t sparse_room(struct tar *t, uint64_t *ret_offset)
{
    while (t->piece < t->pax.n_map && t->piece_done == t->pax.map[t->piece].len) {
        t->piece++;
        t->piece_done = 0;
    }
    if (t->piece == t->pax.n_map)
        return 0;
    *ret_offset = t->pax.map[t->piece].offset + t->piece_done;
    return t->pax.map[t->piece].len - t->piece_done;
}

int tar_data(struct tar *t, uint64_t *ret_offset, const uint8_t **ret, size_t *ret_len, struct error *err)
{
    uint64_t room = t->left, offset = t->offset;

    if (t->sparse)
        room = MIN_OF(sparse_room(t, &offset), t->left);
    if (room == 0)
        return 0;
    int r = stream_some(t->s, room, ret, ret_len, err);
    if (r < 0)
        return r;
    if (r == 0)
        return error_set(err, -EINVAL, "the archive is cut off");
    t->left -= *ret_len;
    t->offset += *ret_len;
    t->piece_done += *ret_len;
    *ret_offset = offset;
    return 1;
}
