// SPDX-License-Identifier: Apache-2.0
/*
 * engine/passwd.c: /etc/passwd and /etc/group of an image, read before the image is mounted. Layers are asked from the top: the
 * first that has an entry for the name decides, also when that entry is a whiteout or something that is not a plain file.
 * Symbolic links are not followed at all, so nothing that an image says can lead to a file of the host.
 */
#include "engine/passwd.h"

#include <errno.h>
#include <limits.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/parse.h"
#include "engine/siblings.h"
#include "sys/file.h"
#include "sys/root.h"

#define FILE_MAX_SIZE (1u << 20)
#define GROUPS_MAX 1024

enum { LOOK_ABSENT, LOOK_HIDDEN, LOOK_FOUND };

static bool directory_is_opaque(int fd)
{
    char v[2];
    return (fgetxattr(fd, "trusted.overlay.opaque", v, sizeof(v)) == 1 && v[0] == 'y') ||
           (fgetxattr(fd, "user.overlay.opaque", v, sizeof(v)) == 1 && v[0] == 'y');
}

/* One layer: the file etc/NAME as a descriptor in *ret_fd when LOOK_FOUND. */
static int look_in_layer(const struct siblings *layers, const char *layer, const char *name, int *ret_fd,
                         struct error *err)
{
    char path[PATH_MAX];
    const char *in_dir;
    int dir = siblings_at(layers, layer, &in_dir);
    int r = str_format(path, sizeof(path), "%s/etc", in_dir);
    if (r < 0)
        return error_set(err, r, "the path of a layer is too long: %s", layer);
    _cleanup_close_ int etc = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (etc < 0)
        return errno == ENOENT ? LOOK_ABSENT : LOOK_HIDDEN;
    struct stat st;
    if (fstatat(etc, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return directory_is_opaque(etc) ? LOOK_HIDDEN : LOOK_ABSENT;
    if (!S_ISREG(st.st_mode))
        return LOOK_HIDDEN;
    int fd = openat(etc, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return LOOK_HIDDEN;
    *ret_fd = fd;
    return LOOK_FOUND;
}

/* The text of etc/NAME, "" when there is none. */
static int read_etc(const struct user_roots *roots, const char *name, char **ret, struct error *err)
{
    _cleanup_close_ int fd = -1;
    int found = LOOK_ABSENT;
    _cleanup_siblings_ struct siblings layers = siblings_open(
        roots->n_layers > 0 ? roots->layers[roots->n_layers - 1] : "");
    for (size_t i = roots->n_layers; i > 0 && found == LOOK_ABSENT; i--) {
        found = look_in_layer(&layers, roots->layers[i - 1], name, &fd, err);
        if (found < 0)
            return found;
    }
    if (roots->n_layers == 0 && roots->root_fd >= 0) {
        _cleanup_close_ int path = -1;
        char full[64];
        struct stat st;
        if (str_format(full, sizeof(full), "etc/%s", name) > 0)
            path = root_open(roots->root_fd, full, O_PATH | O_NOFOLLOW, NULL);
        if (path >= 0 && fstat(path, &st) == 0 && S_ISREG(st.st_mode))
            fd = root_open(roots->root_fd, full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, NULL);
    }
    if (fd < 0) {
        *ret = xstrdup("");
        return 0;
    }
    char shown[64];
    size_t len;
    if (str_format(shown, sizeof(shown), "the image's /etc/%s", name) < 0)
        return -ENAMETOOLONG;
    int r = file_read_fd(fd, shown, FILE_MAX_SIZE, ret, &len, err);
    if (r == 0 && memchr(*ret, '\0', len) != NULL) {
        free(*ret);
        return error_set(err, -EINVAL, "%s has a NUL byte in it", shown);
    }
    return r;
}

/* Splits a line at colons into at most n fields; returns how many. */
static size_t split_line(char *line, char **field, size_t n)
{
    size_t count = 0;
    while (line != NULL && count < n) {
        field[count++] = line;
        line = strchr(line, ':');
        if (line != NULL)
            *line++ = '\0';
    }
    return count;
}

/* Next line of *text, NUL-terminated in place; NULL at the end. Lines with control characters in them are passed over. */
static char *next_line(char **text)
{
    while (*text != NULL && **text != '\0') {
        char *line = *text, *end = strchr(line, '\n');
        *text = end != NULL ? end + 1 : NULL;
        if (end != NULL)
            *end = '\0';
        if (!text_has_control(line))
            return line;
    }
    return NULL;
}

/* Something that must be a number: only digits, or a sign in front. */
static bool number_like(const char *s)
{
    return s[0] == '-' || s[0] == '+' || (s[0] != '\0' && s[strspn(s, "0123456789")] == '\0');
}

static int id_parse(const char *what, const char *text, uint32_t *ret, struct error *err)
{
    if (parse_u32(text, ret) < 0 || *ret > USER_ID_MAX)
        return error_set(err, -EINVAL, "the %s \"%s\" is not a number from 0 to %u", what, text, USER_ID_MAX);
    return 0;
}

/* Finds the user in the passwd file by name, or by uid when by_id. Returns whether it was there. */
static bool passwd_find(char *text, const char *name, bool by_id, uint32_t uid, struct arena *a,
                        struct user_identity *u)
{
    for (char *line; (line = next_line(&text)) != NULL;) {
        char *f[7];
        uint32_t line_uid, line_gid;
        if (split_line(line, f, 7) < 6 || f[0][0] == '\0' || parse_u32(f[2], &line_uid) < 0 ||
            parse_u32(f[3], &line_gid) < 0)
            continue;
        if (by_id ? line_uid != uid : !str_eq(f[0], name))
            continue;
        u->uid = line_uid;
        u->gid = line_gid;
        u->name = arena_strdup(a, f[0]);
        u->home = f[5][0] == '/' ? arena_strdup(a, f[5]) : "/";
        return true;
    }
    return false;
}

static bool group_find(char *text, const char *name, uint32_t *ret)
{
    for (char *line; (line = next_line(&text)) != NULL;) {
        char *f[4];
        if (split_line(line, f, 4) >= 3 && str_eq(f[0], name) && parse_u32(f[2], ret) == 0)
            return true;
    }
    return false;
}

static bool list_has(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; p != NULL; p = strchr(p, ','), p += p != NULL) {
        if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return true;
    }
    return false;
}

static int add_gid(struct arena *a, struct user_identity *u, uint32_t gid, struct error *err)
{
    for (size_t i = 0; i < u->n_gids; i++) {
        if (u->gids[i] == gid)
            return 0;
    }
    if (u->n_gids >= GROUPS_MAX)
        return error_set(err, -E2BIG, "the user is in more than %d groups", GROUPS_MAX);
    u->gids = arena_grow(a, u->gids, u->n_gids, u->n_gids + 1, sizeof(*u->gids));
    u->gids[u->n_gids++] = gid;
    return 0;
}

/* The groups whose lines list the user. */
static int groups_of(char *text, struct arena *a, struct user_identity *u, struct error *err)
{
    for (char *line; (line = next_line(&text)) != NULL;) {
        char *f[4];
        uint32_t gid = 0;
        if (split_line(line, f, 4) == 4 && parse_u32(f[2], &gid) == 0 && list_has(f[3], u->name)) {
            int r = add_gid(a, u, gid, err);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* A group as written, name or number. The file is copied because looking cuts it up. */
static int group_resolve(const char *group_text, const char *group, uint32_t *ret, struct error *err)
{
    if (number_like(group))
        return id_parse("group", group, ret, err);
    _cleanup_free_ char *copy = xstrdup(group_text);
    if (!group_find(copy, group, ret))
        return error_set(err, -ENOENT, "there is no group \"%s\" in the image's /etc/group; give its number",
                         group);
    return 0;
}

static int resolve_user_part(const struct user_roots *roots, struct arena *a, const char *user,
                             struct user_identity *u, struct error *err)
{
    bool by_id = user[0] == '\0' || number_like(user);
    uint32_t uid = 0;
    int r = by_id && user[0] != '\0' ? id_parse("user", user, &uid, err) : 0;
    if (r < 0)
        return r;
    _cleanup_free_ char *text = NULL;
    r = read_etc(roots, "passwd", &text, err);
    if (r < 0)
        return r;
    u->home = "/";
    if (passwd_find(text, user, by_id, uid, a, u))
        return 0;
    if (!by_id)
        return error_set(err, -ENOENT, "there is no user \"%s\" in the image's /etc/passwd; give its number",
                         user);
    u->uid = uid;
    return 0;
}

int user_resolve(const struct user_roots *roots, struct arena *a, const char *text,
                 const struct oci_strings *group_add, struct user_identity *ret, struct error *err)
{
    struct user_identity u = { 0 };
    size_t n = strcspn(text, ":");
    const char *user = arena_strndup(a, text, n);
    const char *group = text[n] == ':' ? text + n + 1 : NULL;
    if (group != NULL && (group[0] == '\0' || strchr(group, ':') != NULL))
        return error_set(err, -EINVAL, "the user \"%s\" must be USER or USER:GROUP", text);
    int r = resolve_user_part(roots, a, user, &u, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *groups = NULL;
    bool names = group != NULL && !number_like(group);
    for (size_t i = 0; i < group_add->n; i++)
        names = names || !number_like(group_add->v[i]);
    if (names || (group == NULL && u.name != NULL)) {
        r = read_etc(roots, "group", &groups, err);
        if (r < 0)
            return r;
    }
    if (group != NULL)
        r = group_resolve(groups, group, &u.gid, err);
    if (r == 0)
        r = add_gid(a, &u, u.gid, err);
    for (size_t i = 0; r == 0 && i < group_add->n; i++) {
        uint32_t gid = 0;
        r = group_resolve(groups, group_add->v[i], &gid, err);
        if (r == 0)
            r = add_gid(a, &u, gid, err);
        if (r < 0)
            r = error_context(err, r, "--group-add");
    }
    if (r == 0 && group == NULL && u.name != NULL)
        r = groups_of(groups, a, &u, err);
    if (r < 0)
        return r;
    *ret = u;
    return 0;
}
