// SPDX-License-Identifier: Apache-2.0
/*
 * Go's build information in an ELF file (debug/buildinfo): in the section .go.buildinfo, else in the first writable segment that
 * is not executable; a header of 32 bytes at a 16-byte boundary, "\xff Go buildinf:". Flag bit 1 (Go 1.18): two strings follow, each
 * with its length as a varint. Before that, two pointers to string headers in the image. The second string is the module
 * text between sentinels of 16 bytes: lines "path", "mod", "dep", "=>" with tabs.
 *
 * Threat: every offset and length is the file's word. All reads are pread() into bounded buffers; a number that leads out of the file
 * ends in an error, and a Go binary whose information is damaged is a note, never nothing.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>

#include "scan/catalog_internal.h"

#define MAGIC "\xff Go buildinf:"
#define MAGIC_LEN 14
#define SEARCH_MAX (1u << 20)
#define TEXT_MAX (4u << 20)
#define SEGMENTS_MAX 64
#define SECTIONS_MAX 4096

struct segment {
    uint64_t offset, address, size;
    bool writable, executable;
};
struct elf {
    int fd;
    uint64_t file_size;
    bool is64, big;
    struct segment segment[SEGMENTS_MAX];
    size_t n_segments;
    uint64_t info_offset, info_size; /* .go.buildinfo; size 0: none */
    bool go_section;                 /* .gopclntab or .note.go.buildid: made by Go */
};

static uint64_t number(const struct elf *e, const unsigned char *p, size_t size)
{
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v |= (uint64_t) p[e->big ? size - 1 - i : i] << (8 * i);
    return v;
}

/* A field at 32-bit offset `at32`, or 64-bit offset `at64`; address-sized where wide is set, else size bytes. */
static uint64_t field(const struct elf *e, const unsigned char *p, size_t at32, size_t at64, size_t size)
{
    return size == 0 ? number(e, p + (e->is64 ? at64 : at32), e->is64 ? 8 : 4)
                     : number(e, p + (e->is64 ? at64 : at32), size);
}

static int read_segments(struct elf *e, const unsigned char *header)
{
    uint64_t at = field(e, header, 28, 32, 0), size = field(e, header, 42, 54, 2),
             n = field(e, header, 44, 56, 2);
    if (n == 0)
        return 0;
    if (size < (e->is64 ? 56 : 32))
        return -EINVAL;
    for (uint64_t i = 0; i < n && e->n_segments < SEGMENTS_MAX; i++) {
        unsigned char p[56] = { 0 };
        int r = read_at(e->fd, at + i * size, p, e->is64 ? 56 : 32);
        if (r < 0)
            return r;
        if (number(e, p, 4) != PT_LOAD)
            continue;
        uint64_t flags = field(e, p, 24, 4, 4);
        e->segment[e->n_segments++] = (struct segment){
            .offset = field(e, p, 4, 8, 0),
            .address = field(e, p, 8, 16, 0),
            .size = field(e, p, 16, 32, 0),
            .writable = (flags & PF_W) != 0,
            .executable = (flags & PF_X) != 0,
        };
    }
    return 0;
}

/* Stripped of sections, or with absurd ones: the segments remain. */
static void read_sections(struct elf *e, const unsigned char *header)
{
    uint64_t at = field(e, header, 32, 40, 0), size = field(e, header, 46, 58, 2),
             n = field(e, header, 48, 60, 2);
    uint64_t names_index = field(e, header, 50, 62, 2), entry = e->is64 ? 64 : 40;
    unsigned char p[64], names[64];
    if (n == 0 || n > SECTIONS_MAX || size < entry || names_index >= n ||
        read_at(e->fd, at + names_index * size, names, entry) < 0)
        return;
    uint64_t names_at = field(e, names, 16, 24, 0), names_size = field(e, names, 20, 32, 0);
    for (uint64_t i = 0; i < n; i++) {
        char name[20] = { 0 };
        if (read_at(e->fd, at + i * size, p, entry) < 0)
            return;
        uint64_t name_at = number(e, p, 4);
        if (name_at >= names_size || names_at > e->file_size)
            continue;
        if (read_at(e->fd, names_at + name_at, name, MIN_OF(sizeof(name) - 1, names_size - name_at)) < 0)
            continue;
        if (str_eq(name, ".go.buildinfo")) {
            e->info_offset = field(e, p, 16, 24, 0);
            e->info_size = field(e, p, 20, 32, 0);
        }
        e->go_section = e->go_section || str_eq(name, ".gopclntab") || str_eq(name, ".note.go.buildid");
    }
}

static int open_elf(const struct found *f, struct elf *ret)
{
    unsigned char h[64] = { 0 };
    *ret = (struct elf){ .fd = f->fd, .file_size = f->size };
    if (f->size < 52 || read_at(f->fd, 0, h, MIN_OF(f->size, sizeof(h))) < 0 ||
        memcmp(h, ELFMAG, SELFMAG) != 0)
        return -ENOENT;
    ret->is64 = h[EI_CLASS] == ELFCLASS64;
    ret->big = h[EI_DATA] == ELFDATA2MSB;
    if (ret->is64 && f->size < 64)
        return -EINVAL;
    read_sections(ret, h);
    return read_segments(ret, h);
}

static int at_address(const struct elf *e, uint64_t address, void *buf, size_t size)
{
    for (size_t i = 0; i < e->n_segments; i++) {
        const struct segment *s = &e->segment[i];
        if (address >= s->address && address - s->address < s->size &&
            size <= s->size - (address - s->address))
            return read_at(e->fd, s->offset + (address - s->address), buf, size);
    }
    return -EINVAL;
}

/* The header's place in the file: -ENOENT when there is none. */
static int find_header(const struct elf *e, uint64_t *ret)
{
    uint64_t offset = e->info_offset, size = e->info_size;
    for (size_t i = 0; size == 0 && i < e->n_segments; i++)
        if (e->segment[i].writable && !e->segment[i].executable) {
            offset = e->segment[i].offset;
            size = e->segment[i].size;
        }
    if (size == 0 || offset >= e->file_size)
        return -ENOENT;
    size = MIN_OF(MIN_OF(size, e->file_size - offset), SEARCH_MAX);
    _cleanup_free_ unsigned char *buf = xmalloc(size);
    int r = read_at(e->fd, offset, buf, size);
    if (r < 0)
        return r;
    for (uint64_t i = 0; i + 32 <= size; i += 16)
        if (memcmp(buf + i, MAGIC, MAGIC_LEN) == 0) {
            *ret = offset + i;
            return 0;
        }
    return -ENOENT;
}

static int inline_string(const struct elf *e, uint64_t *offset, char **ret, size_t *ret_len)
{
    uint64_t len = 0;
    for (unsigned shift = 0;; shift += 7) {
        unsigned char byte;
        if (shift > 28 || read_at(e->fd, (*offset)++, &byte, 1) < 0)
            return -EINVAL;
        len |= (uint64_t) (byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            break;
    }
    if (len > TEXT_MAX || *offset > e->file_size || len > e->file_size - *offset)
        return -EINVAL;
    char *text = xcalloc(1, len + 1);
    int r = read_at(e->fd, *offset, text, len);
    if (r < 0) {
        free(text);
        return r;
    }
    *offset += len;
    *ret = text;
    *ret_len = len;
    return 0;
}

static int pointed_string(const struct elf *e, uint64_t pointer, size_t width, char **ret, size_t *ret_len)
{
    unsigned char header[16];
    if (at_address(e, pointer, header, 2 * width) < 0)
        return -EINVAL;
    uint64_t address = number(e, header, width), len = number(e, header + width, width);
    if (len > TEXT_MAX)
        return -EINVAL;
    char *text = xcalloc(1, len + 1);
    int r = len == 0 ? 0 : at_address(e, address, text, len);
    if (r < 0) {
        free(text);
        return r;
    }
    *ret = text;
    *ret_len = len;
    return 0;
}

static int read_strings(struct elf *e, char **version, char **modules, size_t *modules_len)
{
    uint64_t at;
    unsigned char h[32] = { 0 };
    size_t len;
    int r = find_header(e, &at);
    if (r == 0)
        r = read_at(e->fd, at, h, sizeof(h));
    if (r < 0)
        return r;
    if (h[15] & 2) {
        at += 32;
        r = inline_string(e, &at, version, &len);
        return r < 0 ? r : inline_string(e, &at, modules, modules_len);
    }
    size_t width = h[14];
    if (width != 4 && width != 8)
        return -EINVAL;
    e->big = (h[15] & 1) != 0;
    r = pointed_string(e, number(e, h + 16, width), width, version, &len);
    return r < 0 ? r : pointed_string(e, number(e, h + 16 + width, width), width, modules, modules_len);
}

static void add_module(struct reading *r, const struct found *f, const char *name, const char *version)
{
    const struct component o = {
        .type = "golang", .name = name, .version = version, .path = f->path, .layer = f->layer
    };
    if (str_empty(name))
        return;
    if (str_empty(version) || str_eq(version, "(devel)")) {
        _cleanup_free_ char *reason = xasprintf("a Go module without a version: %.200s", name);
        catalog_note_add(r->c, &r->c->unknown, f->path, f->layer, reason);
        return;
    }
    catalog_add(r->c, &o);
}

static void parse_modules(struct reading *r, const struct found *f, char *text)
{
    const char *name = NULL, *version = NULL;
    char *rest = text, *line;
    bool listed = false;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *cells = line;
        const char *kind = strsep(&cells, "\t"), *a = strsep(&cells, "\t"), *b = strsep(&cells, "\t");
        if (str_eq(kind, "=>")) { /* in place of the one before */
            name = a;
            version = b;
            continue;
        }
        add_module(r, f, name, version);
        bool module = str_eq(kind, "mod") || str_eq(kind, "dep");
        listed = listed || module;
        name = module ? a : NULL;
        version = module ? b : NULL;
    }
    add_module(r, f, name, version);
    if (!listed)
        catalog_note_add(r->c, &r->c->unknown, f->path, f->layer, "a Go program without its list of modules");
}

bool read_go(struct reading *r, const struct found *f)
{
    struct elf e;
    _cleanup_free_ char *version = NULL, *modules = NULL;
    size_t len = 0;
    int opened = open_elf(f, &e);
    if (opened < 0) {
        if (opened != -ENOENT)
            catalog_note_add(r->c, &r->c->unreadable, f->path, f->layer,
                             "an ELF file that is damaged or cut off");
        return opened != -ENOENT;
    }
    int found = read_strings(&e, &version, &modules, &len);
    if (found < 0 && (e.go_section || e.info_size > 0)) {
        catalog_note_add(r->c, &r->c->unknown, f->path, f->layer,
                         "a Go program whose build information is missing or damaged");
        return true;
    }
    if (found < 0)
        return false;
    const char *number_of = str_after(version, "go");
    const struct component go = {
        .type = "golang", .name = "stdlib", .version = number_of, .path = f->path, .layer = f->layer
    };
    if (number_of != NULL && number_of[0] >= '0' && number_of[0] <= '9') {
        version[strcspn(version, " ")] = '\0';
        catalog_add(r->c, &go);
    } else {
        catalog_note_add(r->c, &r->c->unknown, f->path, f->layer,
                         "a Go program of a toolchain without a version");
    }
    if (len > 32) { /* the sentinels */
        modules[len - 16] = '\0';
        parse_modules(r, f, modules + 16);
    } else {
        catalog_note_add(r->c, &r->c->unknown, f->path, f->layer, "a Go program without its list of modules");
    }
    return true;
}
