// SPDX-License-Identifier: Apache-2.0
#include "cli/image_filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "cli/image_names.h"
#include "engine/logs.h"
#include "oci/reference.h"

static const char *value_of(const char *word, const char *key)
{
    const char *rest = str_after(word, key);
    return rest != NULL && rest[0] == '=' ? rest + 1 : NULL;
}

static bool later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* A point in time, or how long ago it is. */
static int parse_until(const char *text, struct timespec *ret, struct error *err)
{
    return logs_time_parse(text, ret) < 0
               ? error_set(
                     err, -EINVAL,
                     "until=%s: give a time such as 2026-11-25T10:00:00Z, a date such as 2026-11-25 (of this "
                     "host's time), or a duration such as 24h",
                     text)
               : 0;
}

static int created_of(struct store *s, const char *name, struct timespec *ret, struct error *err)
{
    _cleanup_store_image_ struct store_image *image = NULL;
    int r = store_find(s, name, &image, err);
    if (r < 0)
        return r;
    return image->config.created != NULL && clock_parse(image->config.created, ret) == 0
               ? 0
               : error_set(err, -EINVAL, "image %s does not say when it was created", name);
}

static int take(const char *word, struct store *s, struct image_filter *f, struct error *err)
{
    const char *value;
    bool yes;
    if (value_of(word, "label") || value_of(word, "label!")) {
        f->labels = true;
        return 0;
    }
    if (value_of(word, "reference"))
        return 0;
    if ((value = value_of(word, "dangling")) != NULL) {
        if (parse_bool(value, &yes) < 0)
            return error_set(err, -EINVAL, "dangling=%s: it is true or false", value);
        f->dangling = yes;
        return 0;
    }
    if ((value = value_of(word, "until")) != NULL)
        return parse_until(value, &f->before, err);
    if (s != NULL && (value = value_of(word, "before")) != NULL)
        return created_of(s, value, &f->before, err);
    if (s != NULL && (value = value_of(word, "since")) != NULL)
        return created_of(s, value, &f->since, err);
    return error_set(err, -EINVAL, "--filter \"%s\" must be KEY=VALUE with dangling, label, until%s", word,
                     s != NULL ? ", before, since or reference" : " or reference");
}

int image_filter_parse(const struct oci_strings *words, struct store *s, struct image_filter *ret,
                       struct error *err)
{
    *ret = (struct image_filter){ .words = words, .dangling = -1 };
    for (size_t i = 0; i < words->n; i++) {
        int r = take(words->v[i], s, ret, err);
        if (r < 0)
            return r;
    }
    return 0;
}

bool image_reference_matches(const char *full, const char *pattern)
{
    char shown[700], name[520];
    struct reference ref;
    if (full == NULL || reference_parse(full, &ref, NULL) < 0)
        return false;
    shown_reference(full, shown, sizeof(shown));
    reference_familiar_name(&ref, name, sizeof(name));
    return str_eq(full, pattern) || str_eq(shown, pattern) || fnmatch(pattern, shown, FNM_PATHNAME) == 0 ||
           fnmatch(pattern, name, FNM_PATHNAME) == 0;
}

bool image_filter_matches(const struct image_filter *f, const struct store_summary *image,
                          const struct oci_pairs *labels)
{
    struct timespec created = { 0 };
    bool references = false, reference = false;
    if (f->dangling >= 0 && (image->name == NULL) != (f->dangling == 1))
        return false;
    bool known = image->created != NULL && clock_parse(image->created, &created) == 0;
    if (f->before.tv_sec != 0 && (!known || !later(&f->before, &created)))
        return false;
    if (f->since.tv_sec != 0 && (!known || !later(&created, &f->since)))
        return false;
    for (size_t i = 0; i < f->words->n; i++) {
        const char *v, *word = f->words->v[i];
        if ((v = value_of(word, "label")) != NULL && !oci_pairs_match(labels, v))
            return false;
        if ((v = value_of(word, "label!")) != NULL && oci_pairs_match(labels, v))
            return false;
        if ((v = value_of(word, "reference")) != NULL) {
            references = true;
            reference = reference || image_reference_matches(image->name, v);
        }
    }
    return !references || reference;
}
