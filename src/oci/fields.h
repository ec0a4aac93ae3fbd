// SPDX-License-Identifier: Apache-2.0
/*
 * oci/fields.h: JSON objects as C structures, by table. One struct field a member of the object says where
 * the member lives and what it may be; the same table drives the reader and the writer, so they cannot drift
 * apart. Used by oci/spec.h and oci/image.h.
 *
 * Reading: strings point into the document, which lives in the same arena. A member that is null, or an
 * optional string that is "", is absent. Members that the table does not know are not errors (they are
 * collected in extra when that is asked for) unless the object is closed. Errors are -EINVAL, "<path>:
 * <sentence>".
 *
 * Writing: a member is written when its field says something (not NULL, not 0, not empty, set);
 * FIELD_REQUIRED and FIELD_ALWAYS also when it is 0. Where the object was read, its origin decides what a
 * silent field looked like and keeps what is unknown.
 */
#pragma once

#include "base/arena.h"
#include "oci/doc.h"

enum field_kind {
    FIELD_BOOL,
    FIELD_STRING, /* const char *; one of names, when there are names */
    FIELD_ENUM,   /* an enum: the place of the string in names */
    FIELD_I64,
    FIELD_U64,
    FIELD_U32,
    FIELD_OPT_BOOL, /* struct opt_* */
    FIELD_OPT_I64,
    FIELD_OPT_U64,
    FIELD_OPT_U32,
    FIELD_STRINGS, /* struct oci_strings; each one of names, when there are names */
    FIELD_U32S,    /* uint32_t *v; size_t n; */
    FIELD_PAIRS,   /* struct oci_pairs: an object of strings */
    FIELD_KEYS,    /* struct oci_strings: the keys of an object whose values say nothing */
    FIELD_OBJECT,  /* a structure within the structure, or (offset 0) more members of the same */
    FIELD_LIST,    /* T *v; size_t n; of an array of objects */
    FIELD_MAP,     /* the same of an object of objects; T begins with const char *key */
    FIELD_CUSTOM
};

enum {
    FIELD_REQUIRED = 1, /* absence is an error; a string must not be empty */
    FIELD_ALWAYS = 2,   /* written even when it is 0 */
    FIELD_ABSOLUTE = 4, /* a string, or each of a list, begins with '/' */
    FIELD_ONE = 8,      /* FIELD_STRINGS: a plain string is taken as a list of one (docker's oldest images) */
    FIELD_DIGEST = 16,  /* a string, or each of a list, is a valid digest */
    FIELD_KEEP_EMPTY = 32 /* an empty string, or an empty list of strings, is kept */
};

/* A closed list of strings; noun is what one is called in "unknown <noun> "x"". */
struct field_names {
    const char *noun;
    const char *const *v;
    size_t n;
};

/*
 * Where the reader stands; rendered only when there is an error. key NULL: index. raw: key is a whole path
 * already.
 */
struct field_at {
    const struct field_at *up;
    const char *key;
    size_t index;
    bool raw;
};

struct field_reader {
    struct arena *arena;
    json_t *extra; /* collects unknown members by path; NULL: not wanted */
    struct error *err;
};

struct field_object;

struct field_custom {
    int (*read)(const struct field_reader *r, const struct doc *value, void *to, const struct field_at *at);
    json_t *(*write)(const void *from, const struct doc *origin); /* NULL: says nothing */
};

struct field {
    const char *key;
    uint8_t kind, flags;
    uint16_t offset;
    uint16_t
        set; /* offset of a bool that is true when the member is there; 0: none. Decides whether it is written */
    int64_t min; /* numbers; min and max both 0: what the type holds */
    uint64_t max;
    const struct field_object *object;
    const struct field_names *names;
    const struct field_custom *custom;
};

struct field_object {
    const struct field *fields;
    size_t n;
    size_t size; /* of the structure (lists and maps) */
    size_t
        origin; /* offset of its `const struct doc *origin`; 0: none, it is found through the object around it */
    bool closed;      /* unknown members are errors */
    const char *noun; /* closed: what a member is called */
    /* What one member alone cannot say. 0 or what field_error() returned. */
    int (*check)(const void *obj, const struct field_at *at, struct error *err);
};

int fields_read(const struct field_reader *r, const struct field_object *o, const struct doc *d, void *to,
                const struct field_at *at) _warn_unused_;
/* A new object. origin is what it was read from, or NULL. */
json_t *fields_write(const struct field_object *o, const void *from, const struct doc *origin)
    __attribute__((returns_nonnull));

/* -EINVAL with the path of at, and of member below it when that is not NULL, before the message. */
int field_error(const struct field_at *at, const char *member, struct error *err, const char *fmt, ...)
    _printf_(4, 5);
void field_path(const struct field_at *at, struct strbuf *out);

/* A JSON string; bytes that are no UTF-8 become U+FFFD. */
json_t *field_string(const char *s) __attribute__((returns_nonnull));
