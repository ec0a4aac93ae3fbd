// SPDX-License-Identifier: Apache-2.0
/*
 * engine/secret_store.c: secrets at rest. A file is written whole beside its place and renamed or linked there, so that two who store
 * the same name, or one who is killed, leave the old or the new one. The key is linked into its place too: whoever comes second
 * takes the first one's.
 *
 * The old low-level calls of libcrypto are used for the reason that image/sha256.h gives.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/aes.h>
#include <openssl/modes.h>

#include <dirent.h>
#include <errno.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/json.h"
#include "engine/engine_internal.h"
#include "engine/secrets.h"
#include "sys/file.h"

#define KEY_FILE ".key"
#define KEY_SIZE 32
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define ID_SIZE 26
#define SECRET_VERSION 1
#define FILE_MAX (4u << 20)

/* A name is a file's: no dot in front, where our own files are. */
static int check_name(const char *name, struct error *err)
{
    if (object_name_valid(name) && strlen(name) <= 64)
        return 0;
    return error_set(err, -EINVAL,
                     "\"%.64s\" cannot be a secret's name: it must be 2 to 64 of a-z A-Z 0-9 _ . - and begin "
                     "with a letter or digit",
                     name);
}

static int random_bytes(unsigned char *to, size_t n, struct error *err)
{
    ssize_t got;
    do
        got = getrandom(to, n, 0);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t) n ? 0 : error_set(err, -EIO, "the kernel gave no random bytes");
}

/* The file is linked into its place when it is whole; false: there was one before. */
static int make_key(int dirfd, struct error *err)
{
    unsigned char key[KEY_SIZE];
    char temporary[24] = ".key-";
    int r = random_bytes(key, sizeof(key), err);
    if (r < 0)
        return r;
    random_hex(temporary + 5, 8);
    _cleanup_close_ int fd = file_open(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600, err);
    r = fd < 0 ? fd : write_all(fd, key, sizeof(key));
    explicit_bzero(key, sizeof(key));
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (r == 0 && linkat(dirfd, temporary, dirfd, KEY_FILE, 0) < 0 && errno != EEXIST)
        r = -errno;
    if (fd >= 0)
        unlinkat(dirfd, temporary, 0);
    if (r == 0 && fsync(dirfd) < 0)
        r = -errno;
    return r < 0 && fd >= 0 ? error_errno(err, r, "cannot write the key of the secrets") : r;
}

static int load_key(int dirfd, bool make, AES_KEY *ret, struct error *err)
{
    struct stat st;
    unsigned char key[KEY_SIZE + 1];
    int r = faccessat(dirfd, KEY_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    if (r == -ENOENT && make)
        r = make_key(dirfd, err);
    if (r < 0)
        return r == -ENOENT
                   ? error_set(err, r, "the key of the secrets is lost: there is no secrets/%s", KEY_FILE)
                   : r;
    _cleanup_close_ int fd = file_open(dirfd, KEY_FILE, O_RDONLY | O_NOFOLLOW, 0, err);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        return error_set(
            err, -EPERM,
            "the key of the secrets (secrets/%s) must be a file of our own that nobody else may read (chmod 600)",
            KEY_FILE);
    ssize_t n = read(fd, key, sizeof(key));
    if (n != KEY_SIZE)
        return error_set(err, -EBADMSG,
                         "the key of the secrets (secrets/%s) is damaged: it has %zd bytes, not %d", KEY_FILE,
                         n, KEY_SIZE);
    AES_set_encrypt_key(key, KEY_SIZE * 8, ret);
    explicit_bzero(key, sizeof(key));
    return 0;
}

/* What the tag vouches for beside the value. */
static GCM128_CONTEXT *begin_box(AES_KEY *key, const unsigned char *nonce, const char *name, const char *id)
{
    GCM128_CONTEXT *gcm = CRYPTO_gcm128_new(key, (block128_f) AES_encrypt);
    if (gcm == NULL)
        abort(); /* as where any other memory is lacking */
    CRYPTO_gcm128_setiv(gcm, nonce, NONCE_SIZE);
    CRYPTO_gcm128_aad(gcm, (const unsigned char *) "oakum secret 1", sizeof("oakum secret 1"));
    CRYPTO_gcm128_aad(gcm, (const unsigned char *) name, strlen(name) + 1);
    CRYPTO_gcm128_aad(gcm, (const unsigned char *) id, strlen(id) + 1);
    return gcm;
}

static char *to_hex(const unsigned char *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *text = xcalloc(2 * len + 1, 1);
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    return text;
}

/* Lower-case digits, an even number of them; NULL otherwise. */
static unsigned char *from_hex(const char *text, size_t *ret_len)
{
    size_t n = strlen(text);
    if (n % 2 != 0 || strspn(text, "0123456789abcdef") != n)
        return NULL;
    unsigned char *data = xcalloc(n / 2 + 1, 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char) (text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
        data[i / 2] = (unsigned char) (data[i / 2] << 4 | c);
    }
    *ret_len = n / 2;
    return data;
}

/* ---- a file ---- */

struct stored {
    struct secret_info info;
    const char *nonce, *value; /* hex; value: the cipher text and its tag */
};

static int parse_labels(struct arena *a, json_t *doc, struct oci_pairs *to, struct error *err)
{
    json_t *labels = NULL, *v;
    const char *key;
    int r = json_get_container(doc, "secret", "labels", JSON_OBJECT, false, &labels, err);
    json_object_foreach(labels, key, v) if (json_is_string(v))
        oci_pairs_set(a, to, key, json_string_value(v));
    return r;
}

static int load(int dirfd, struct arena *a, const char *name, struct stored *ret, struct error *err)
{
    static const char *const known[] = { "oakum",   "id",     "name",  "created",
                                         "updated", "labels", "nonce", "value" };
    _cleanup_free_ char *text = NULL;
    _cleanup_json_ json_t *doc = NULL;
    size_t len;
    const struct {
        const char *key;
        const char **to;
    } fields[] = { { "id", &ret->info.id },           { "name", &ret->info.name },
                   { "created", &ret->info.created }, { "updated", &ret->info.updated },
                   { "nonce", &ret->nonce },          { "value", &ret->value } };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        *fields[i].to = "";
    int r = file_read(dirfd, name, FILE_MAX, &text, &len, err);
    if (r == -ENOENT)
        return error_set(err, r, "there is no secret \"%s\"; \"oakum secret create %s FILE\" makes it", name,
                         name);
    if (r == 0)
        r = json_parse_own(text, len, name, "secret", SECRET_VERSION, &doc, err);
    if (r == 0)
        r = json_only_keys(doc, "secret", known, ARRAY_LEN(known), err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(fields); i++) {
        const char *value = NULL;
        r = json_get_string(doc, "secret", fields[i].key, true, &value, err);
        *fields[i].to = value != NULL ? arena_strdup(a, value) : "";
    }
    if (r == 0)
        r = parse_labels(a, doc, &ret->info.labels, err);
    if (r == 0 && (!str_eq(ret->info.name, name) || strlen(ret->info.id) != ID_SIZE - 1))
        r = error_set(err, -EBADMSG, "it is another secret's file");
    return r < 0 ? error_context(err, r, "secret \"%s\"", name) : 0;
}

static int open_box(int dirfd, const struct stored *s, char **ret, size_t *ret_len, struct error *err)
{
    AES_KEY key;
    size_t n_nonce = 0, n = 0;
    _cleanup_free_ unsigned char *nonce = from_hex(s->nonce, &n_nonce), *box = from_hex(s->value, &n);
    int r = load_key(dirfd, false, &key, err);
    if (r < 0)
        return r;
    if (nonce == NULL || box == NULL || n_nonce != NONCE_SIZE || n <= TAG_SIZE || n > SECRET_MAX + TAG_SIZE) {
        explicit_bzero(&key, sizeof(key));
        return error_set(err, -EBADMSG, "secret \"%s\" is damaged", s->info.name);
    }
    n -= TAG_SIZE;
    char *clear = xcalloc(n + 1, 1);
    GCM128_CONTEXT *gcm = begin_box(&key, nonce, s->info.name, s->info.id);
    CRYPTO_gcm128_decrypt(gcm, box, (unsigned char *) clear, n);
    bool good = CRYPTO_gcm128_finish(gcm, box + n, TAG_SIZE) == 0;
    CRYPTO_gcm128_release(gcm);
    explicit_bzero(&key, sizeof(key));
    if (good) {
        *ret = clear;
        *ret_len = n;
        return 0;
    }
    explicit_bzero(clear, n);
    free(clear);
    return error_set(err, -EBADMSG,
                     "secret \"%s\" cannot be decrypted: its file was changed, or secrets/%s is another key",
                     s->info.name, KEY_FILE);
}

/* The whole file's text; free(). */
static int make_box(int dirfd, const struct secret_info *info, const void *value, size_t len, char **ret,
                    struct error *err)
{
    AES_KEY key;
    unsigned char nonce[NONCE_SIZE] = { 0 };
    int r = load_key(dirfd, true, &key, err);
    if (r == 0)
        r = random_bytes(nonce, sizeof(nonce), err);
    if (r < 0)
        return r;
    _cleanup_free_ unsigned char *box = xcalloc(len + TAG_SIZE, 1);
    GCM128_CONTEXT *gcm = begin_box(&key, nonce, info->name, info->id);
    CRYPTO_gcm128_encrypt(gcm, value, box, len);
    CRYPTO_gcm128_tag(gcm, box + len, TAG_SIZE);
    CRYPTO_gcm128_release(gcm);
    explicit_bzero(&key, sizeof(key));
    _cleanup_free_ char *hex = to_hex(box, len + TAG_SIZE), *nonce_hex = to_hex(nonce, sizeof(nonce));
    _cleanup_json_ json_t *doc = json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "oakum",
                                           SECRET_VERSION, "id", info->id, "name", info->name, "created",
                                           info->created, "updated", info->updated, "labels",
                                           oci_pairs_json(&info->labels), "nonce", nonce_hex, "value", hex);
    if (doc == NULL)
        return error_set(err, -EINVAL, "a label is not UTF-8");
    *ret = json_text(doc, 0);
    return 0;
}

/* A new one is linked into its place: of two who make the same one, the second is told. */
static int put(int dirfd, const char *name, const char *text, bool replace, struct error *err)
{
    char temporary[24] = ".new-";
    if (replace)
        return file_replace(dirfd, name, text, strlen(text), 0600, true, err);
    random_hex(temporary + 5, 8);
    int r = file_replace(dirfd, temporary, text, strlen(text), 0600, true, err);
    if (r < 0)
        return r;
    r = linkat(dirfd, temporary, dirfd, name, 0) < 0 ? -errno : 0;
    unlinkat(dirfd, temporary, 0);
    if (r == 0 && fsync(dirfd) < 0)
        r = -errno;
    if (r == -EEXIST)
        return error_set(
            err, r,
            "there is a secret \"%s\" already; \"oakum secret rotate %s FILE\" gives it another value", name,
            name);
    return r < 0 ? error_errno(err, r, "cannot store secret \"%s\"", name) : 0;
}

int secret_store(struct engine *e, const char *name, const void *value, size_t len,
                 const struct oci_pairs *labels, bool replace, char *id, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_free_ char *text = NULL;
    struct stored old = { 0 };
    char now[CLOCK_TEXT_MAX], hex[27];
    int r = check_name(name, err);
    if (r == 0 && (len == 0 || len > SECRET_MAX))
        r = error_set(err, -EINVAL, "a secret has 1 to %d bytes, not %zu", SECRET_MAX, len);
    int dirfd = r == 0 ? engine_dir(e, ENGINE_SECRETS, err) : r;
    if (dirfd < 0)
        return dirfd;
    clock_now_text(now);
    random_hex(hex, 13);
    hex[ID_SIZE - 1] = '\0';
    struct secret_info info = { name, hex, now, now, { 0 } };
    if (replace) {
        r = load(dirfd, a, name, &old, err);
        if (r < 0)
            return r;
        info = old.info;
        info.updated = now;
    } else if (labels != NULL) {
        info.labels = *labels;
    }
    r = make_box(dirfd, &info, value, len, &text, err);
    if (r == 0 && text != NULL)
        r = put(dirfd, name, text, replace, err);
    if (r == 0)
        memcpy(id, info.id, ID_SIZE);
    return r;
}

int secret_read(struct engine *e, const char *name, char **ret, size_t *ret_len, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct stored s = { 0 };
    int r = check_name(name, err);
    int dirfd = r == 0 ? engine_dir(e, ENGINE_SECRETS, NULL) : r;
    if (dirfd < 0)
        return r < 0 ? r
                     : error_set(err, -ENOENT,
                                 "there is no secret \"%s\"; \"oakum secret create %s FILE\" makes it", name,
                                 name);
    r = load(dirfd, a, name, &s, err);
    return r < 0 ? r : open_box(dirfd, &s, ret, ret_len, err);
}

/* ---- all of them ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct secret_info *) a)->name, ((const struct secret_info *) b)->name);
}

int secret_list(struct engine *e, struct arena *a, struct secret_info **ret, size_t *ret_n, struct error *err)
{
    *ret = NULL;
    *ret_n = 0;
    int dirfd = engine_dir(e, ENGINE_SECRETS, NULL);
    if (dirfd == -ENOENT)
        return 0;
    int copy = dirfd < 0 ? dirfd : openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (dir == NULL) {
        if (copy >= 0)
            close(copy);
        return error_errno(err, -errno, "cannot list the secrets");
    }
    const struct dirent *d;
    while ((d = readdir(dir)) != NULL) {
        struct stored s = { 0 };
        if (check_name(d->d_name, NULL) < 0)
            continue;
        if (load(dirfd, a, d->d_name, &s, NULL) < 0)
            s.info = (struct secret_info){ arena_strdup(a, d->d_name), NULL, NULL, NULL, { 0 } };
        *ret = arena_grow(a, *ret, *ret_n, *ret_n + 1, sizeof(**ret));
        (*ret)[(*ret_n)++] = s.info;
    }
    closedir(dir);
    if (*ret_n > 1)
        qsort(*ret, *ret_n, sizeof(**ret), by_name);
    return 0;
}

int secret_get(struct engine *e, struct arena *a, const char *name_or_id, struct secret_info *ret,
               struct error *err)
{
    struct secret_info *all = NULL;
    size_t n = 0, len = strlen(name_or_id), found = 0;
    int r = secret_list(e, a, &all, &n, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(all[i].name, name_or_id)) {
            *ret = all[i];
            return 0;
        }
    }
    for (size_t i = 0; i < n && len > 0; i++) {
        if (all[i].id != NULL && strncmp(all[i].id, name_or_id, len) == 0) {
            *ret = all[i];
            found++;
        }
    }
    if (found > 1)
        return error_set(err, -ENOTUNIQ, "\"%s\" is the beginning of several secrets' ids; give more of it",
                         name_or_id);
    return found == 1 ? 0 : error_set(err, -ENOENT, "there is no secret \"%.64s\"", name_or_id);
}

int secret_remove(struct engine *e, const char *name_or_id, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct engine_container *list = NULL;
    struct secret_info info = { .name = "" };
    size_t n = 0;
    int r = secret_get(e, a, name_or_id, &info, err);
    if (r == 0)
        r = engine_list(e, true, &list, &n, err);
    for (size_t i = 0; i < n && r == 0; i++)
        if (secret_of_record(list[i].record, info.name))
            r = error_set(err, -EBUSY, "secret \"%s\" is container %s's; remove that first", info.name,
                          list[i].record->name);
    engine_containers_free(list, n);
    if (r == 0 && unlinkat(engine_dir(e, ENGINE_SECRETS, NULL), info.name, 0) < 0)
        r = error_errno(err, -errno, "cannot remove secret \"%s\"", info.name);
    return r;
}
