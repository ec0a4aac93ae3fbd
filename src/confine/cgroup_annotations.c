// SPDX-License-Identifier: Apache-2.0
/*
 * Annotations org.systemd.property.NAME as properties of the container's scope, as with runc and crun. The value is GVariant text
 * (gvariant-text-format): of it, what scopes are given: strings, booleans, and whole numbers, of which one without a type is an int32.
 * A name that ends in Sec is in seconds and goes as ...USec, which is what systemd's D-Bus interface calls it.
 *
 * Threats: a value that is read otherwise than it was meant: what is not understood whole is an error that names the annotation. A
 * property that takes the scope away from the driver (where it is, whose it is, which devices it may use): refused, since linux.cgroupsPath
 * and linux.resources say that, and what they say is enforced.
 */
#include "confine/cgroup_annotations.h"

#include "confine/cgroup_systemd.h"

#define PREFIX "org.systemd.property."
#define USEC_PER_SEC 1000000

enum form { SIGNED, UNSIGNED, BOOLEAN, STRING };

static const struct type {
    const char *name, *signature;
    enum form form;
    int64_t min;
    uint64_t max;
} types[] = {
    { "boolean", "b", BOOLEAN, 0, 1 },          { "string", "s", STRING, 0, 0 },
    { "byte", "y", UNSIGNED, 0, UINT8_MAX },    { "int32", "i", SIGNED, INT32_MIN, INT32_MAX },
    { "uint32", "u", UNSIGNED, 0, UINT32_MAX }, { "int64", "x", SIGNED, INT64_MIN, INT64_MAX },
    { "uint64", "t", UNSIGNED, 0, UINT64_MAX },
};

struct value {
    const struct type *type;
    uint64_t bits; /* of a negative number: two's complement */
    char *text;    /* of a string; to be freed */
};

static const struct type *type_of(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strlen(types[i].name) == len && memcmp(types[i].name, name, len) == 0)
            return &types[i];
    return NULL;
}

/* Quoted, in one kind of quotes; escapes are not understood. */
static bool read_string(const char *s, size_t len, struct value *ret)
{
    if (len < 2 || (s[0] != '\'' && s[0] != '"') || s[len - 1] != s[0] || memchr(s, '\\', len) ||
        memchr(s + 1, s[0], len - 2))
        return false;
    ret->text = xstrndup(s + 1, len - 2);
    return true;
}

static bool read_number(const char *s, struct value *ret)
{
    int64_t v;
    if (ret->type->form == UNSIGNED)
        return parse_u64(s, &ret->bits) == 0 && ret->bits <= ret->type->max;
    if (parse_i64(s, &v) < 0 || v < ret->type->min || (v > 0 && (uint64_t) v > ret->type->max))
        return false;
    ret->bits = (uint64_t) v;
    return true;
}

static bool read_value(const char *text, struct value *ret)
{
    text += strspn(text, " ");
    size_t len = strlen(text), word = strcspn(text, " ");
    while (len > 0 && text[len - 1] == ' ')
        len--;
    ret->type = word < len ? type_of(text, word) : NULL;
    if (ret->type) {
        size_t skip = word + strspn(text + word, " ");
        text += skip;
        len -= skip;
    }
    _cleanup_free_ char *s = xstrndup(text, len);
    bool truth = str_eq(s, "true"), quoted = s[0] == '\'' || s[0] == '"';
    if (!ret->type)
        ret->type = type_of(quoted                        ? "string"
                            : truth || str_eq(s, "false") ? "boolean"
                                                          : "int32",
                            quoted                        ? 6
                            : truth || str_eq(s, "false") ? 7
                                                          : 5);
    switch (ret->type->form) {
    case STRING: return read_string(s, len, ret);
    case BOOLEAN: ret->bits = truth; return truth || str_eq(s, "false");
    case SIGNED:
    case UNSIGNED: return read_number(s, ret);
    }
    return false;
}

/* The next of "'a', 'b'"; at its end: NULL. *rest is behind it and its comma then. ok: false when that is no such list. */
static char *next_string(const char **rest, bool *ok)
{
    const char *s = *rest + strspn(*rest, " ");
    if (*s == '\0')
        return NULL;
    const char *end = *s == '\'' || *s == '"' ? strchr(s + 1, *s) : NULL;
    struct value v = { 0 };
    *ok = end && read_string(s, (size_t) (end - s) + 1, &v);
    const char *behind = *ok ? end + 1 + strspn(end + 1, " ") : s;
    if (*behind == ',')
        *ok &= behind[1 + strspn(behind + 1, " ")] != '\0';
    else
        *ok &= *behind == '\0';
    *rest = *behind == ',' ? behind + 1 : behind;
    return v.text;
}

/* "['a', 'b']", or "@as []": 1 when it is written, 0 when it is something else, -EINVAL. */
static int put_strings(struct dbus_body *b, const char *name, const char *text)
{
    const char *from = text + strspn(text, " "), *typed = str_after(from, "@as ");
    from = typed ? typed + strspn(typed, " ") : from;
    size_t len = strlen(from);
    while (len > 0 && from[len - 1] == ' ')
        len--;
    if (from[0] != '[')
        return typed ? -EINVAL : 0;
    if (len < 2 || from[len - 1] != ']')
        return -EINVAL;
    _cleanup_free_ char *list = xstrndup(from + 1, len - 2);
    const char *rest = list;
    bool ok = typed || list[strspn(list, " ")] != '\0'; /* an empty one has no type */
    dbus_put_struct(b);
    dbus_put_string(b, name);
    dbus_put_signature(b, "as");
    size_t mark = dbus_array_begin(b, 4);
    for (char *item; ok && (item = next_string(&rest, &ok)) != NULL; free(item))
        if (ok)
            dbus_put_string(b, item);
    dbus_array_end(b, mark);
    return ok ? 1 : -EINVAL;
}

static void put_value(struct dbus_body *b, const char *name, const struct value *v)
{
    dbus_put_struct(b);
    dbus_put_string(b, name);
    dbus_put_signature(b, v->type->signature);
    switch (v->type->signature[0]) {
    case 's': dbus_put_string(b, v->text); break;
    case 'b': dbus_put_bool(b, v->bits != 0); break;
    case 'y': dbus_put_byte(b, (uint8_t) v->bits); break;
    case 'i':
    case 'u': dbus_put_u32(b, (uint32_t) v->bits); break;
    default: dbus_put_u64(b, v->bits);
    }
}

/* Letters and digits, and none of those that the driver gives itself. */
static int check_name(const char *key, const char *name, struct error *err)
{
    static const char *const ours[] = { "Delegate", "DeviceAllow", "DevicePolicy", "PIDs", "Slice" };
    static const char fine[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t len = strlen(name);
    if (len < 3 || len > 64 || strspn(name, fine) != len)
        return error_set(err, -EINVAL, "annotations.%s: is not the name of a property", key);
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (str_eq(name, ours[i]))
            return error_set(err, -EINVAL,
                             "annotations.%s: linux.cgroupsPath and linux.resources say what it is", key);
    return 0;
}

/* NAMESec in seconds is systemd's NAMEUSec. */
static bool is_seconds(const char *name)
{
    size_t len = strlen(name);
    return len > 3 && str_eq(name + len - 3, "Sec") && name[len - 4] >= 'a' && name[len - 4] <= 'z';
}

static int put_seconds(struct dbus_body *b, const char *key, const char *name, const struct value *v,
                       const char *text, struct error *err)
{
    _cleanup_free_ char *usec = xasprintf("%.*sUSec", (int) strlen(name) - 3, name);
    enum form form = v->type->form;
    if (form == STRING || form == BOOLEAN || (form == SIGNED && (int64_t) v->bits < 0) ||
        v->bits > UINT64_MAX / USEC_PER_SEC)
        return error_set(err, -EINVAL, "annotations.%s: \"%s\" is not a number of seconds", key, text);
    cgroup_put_u64(b, usec, v->bits * USEC_PER_SEC);
    return 0;
}

static int put_one(struct dbus_body *b, const char *key, const char *name, const char *text,
                   struct error *err)
{
    struct value v = { 0 };
    int r = check_name(key, name, err);
    int list = r == 0 && !is_seconds(name) ? put_strings(b, name, text) : 0;
    if (r < 0 || list > 0)
        return r;
    if (list < 0 || !read_value(text, &v))
        r = error_set(
            err, -EINVAL,
            "annotations.%s: \"%s\" is not a string in quotes, a list of such in brackets, a boolean or a whole "
            "number such as \"uint64 10\"",
            key, text);
    else if (is_seconds(name))
        r = put_seconds(b, key, name, &v, text, err);
    else
        put_value(b, name, &v);
    free(v.text);
    return r;
}

int cgroup_put_annotations(struct dbus_body *b, const struct oci_pairs *annotations, struct error *err)
{
    int r = 0;
    for (size_t i = 0; annotations && r == 0 && i < annotations->n; i++) {
        const char *key = annotations->v[i].key, *name = str_after(key, PREFIX);
        if (name)
            r = put_one(b, key, name, annotations->v[i].value, err);
    }
    return r;
}

int cgroup_systemd_check(const struct oci_pairs *annotations, struct error *err)
{
    _cleanup_dbus_body_ struct dbus_body unused = { 0 };
    return cgroup_put_annotations(&unused, annotations, err);
}
