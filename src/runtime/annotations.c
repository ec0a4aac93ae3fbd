// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: one table of what is known, with the values that are accepted; the modules that act on an annotation ask for it by
 * its name. The check comes before anything is made.
 *
 * Threat: an annotation that somebody relies on and nobody follows. Whoever may write the document may choose the filter and the
 * files that hooks write to: no annotation gives more than its fields and hooks would.
 */
#include "runtime/annotations.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/log.h"
#include "confine/cgroup_annotations.h"
#include "confine/landlock.h"
#include "confine/lsm.h"
#include "sys/proc.h"

/* What a value must be. */
enum kind {
    ANY,
    ON_OFF,
    PATH,     /* not empty */
    ABSOLUTE, /* begins with / */
    CONTEXT,  /* crun's kinds of SELinux mount contexts */
    REFUSED,  /* oakum does not do it */
    NOT_HERE, /* oakum does not do it, and nobody is less confined for that: said in the log */
};

static const struct known {
    const char *key;
    enum kind kind;
} known[] = {
    { ANNOTATION_LANDLOCK, ON_OFF },
    { "org.oakum.name", ANY },
    { "org.oakum.network", ANY },
    { "org.oakum.image", ANY },
    { "org.oakum.image.digest", ANY },
    { ANNOTATION_BPF_DATA, PATH },
    { ANNOTATION_FAIL_UNKNOWN_CALL, ANY },
    { ANNOTATION_HOOKS_STDERR, PATH },
    { ANNOTATION_HOOKS_STDOUT, PATH },
    { ANNOTATION_KEEP_GROUPS, ANY },
    { ANNOTATION_PIDFD_RECEIVER, PATH },
    { ANNOTATION_SECCOMP_RECEIVER, ABSOLUTE },
    { ANNOTATION_TIME_OFFSET, PATH },
    { LSM_MOUNT_CONTEXT_TYPE, CONTEXT },
    { "run.oci.handler", REFUSED },
    { "run.oci.seccomp.plugins", REFUSED },
    { "run.oci.systemd.force_cgroup_v1", NOT_HERE },
    { CGROUP_SUBGROUP, ANY },
    { ANNOTATION_DELEGATE_CGROUP, ANY },
};

static const struct known *find(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eq(known[i].key, key))
            return &known[i];
    return NULL;
}

static int check_value(const struct known *k, const char *value, struct error *err)
{
    static const char *const contexts[] = { "context", "fscontext", "defcontext", "rootcontext" };
    bool ok = true;
    const char *must = "";
    switch (k->kind) {
    case ON_OFF:
        must = "\"on\" or \"off\"";
        ok = str_eq(value, "on") || str_eq(value, "off");
        break;
    case PATH:
        must = "a value that is not empty";
        ok = !str_empty(value);
        break;
    case ABSOLUTE:
        must = "an absolute path";
        ok = value[0] == '/';
        break;
    case CONTEXT:
        must = "context, fscontext, defcontext or rootcontext";
        ok = false;
        for (size_t i = 0; i < ARRAY_LEN(contexts); i++)
            ok |= str_eq(value, contexts[i]);
        break;
    case REFUSED: return error_set(err, -ENOTSUP, "annotations.%s: \"%s\" is not in oakum", k->key, value);
    case NOT_HERE:
        log_warn("annotations.%s: is ignored: a container sees no hierarchy of cgroups but its own", k->key);
        break;
    case ANY: break;
    }
    return ok ? 0 : error_set(err, -EINVAL, "annotations.%s: is %s, not \"%s\"", k->key, must, value);
}

int annotations_check(const struct oci_spec *spec, struct error *err)
{
    for (size_t i = 0; i < spec->annotations.n; i++) {
        const char *key = spec->annotations.v[i].key;
        const struct known *k = find(key);
        if (!k && str_after(key, "org.oakum."))
            return error_set(err, -EINVAL, "annotations.%s: oakum knows no such annotation", key);
        if (!k && (str_after(key, "run.oci.") || str_after(key, "module.")))
            log_warn("annotations.%s: is not known and ignored", key);
        int r = k ? check_value(k, spec->annotations.v[i].value, err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

bool annotation_keep_groups(const struct oci_spec *spec)
{
    return oci_pairs_get(&spec->annotations, ANNOTATION_KEEP_GROUPS) != NULL;
}

/* ---- base64 (RFC 4648, section 4), whole groups of four ---- */

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int) (found - digits) : -1;
}

/* to has room for 3/4 of the text. -EINVAL, or the number of bytes. */
static ssize_t decode(const char *text, size_t len, uint8_t *to)
{
    size_t n = 0, pad = len >= 2 && text[len - 2] == '=' ? 2 : len >= 1 && text[len - 1] == '=' ? 1 : 0;
    if (len % 4 != 0 || (pad == 2 && text[len - 1] != '='))
        return -EINVAL;
    for (size_t i = 0; i < len; i += 4) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++) {
            int d = i + k >= len - pad ? 0 : digit(text[i + k]);
            if (d < 0)
                return -EINVAL;
            bits = bits << 6 | (uint32_t) d;
        }
        to[n++] = (uint8_t) (bits >> 16);
        to[n++] = (uint8_t) (bits >> 8);
        to[n++] = (uint8_t) bits;
    }
    return (ssize_t) (n - pad);
}

int annotation_filter(const struct oci_spec *spec, struct seccomp_filter *ret, struct error *err)
{
    const char *text = oci_pairs_get(&spec->annotations, ANNOTATION_BPF_DATA);
    if (!text)
        return 0;
    size_t len = strlen(text);
    struct seccomp_filter f = { .insns = xmalloc(len + sizeof(struct sock_filter)) };
    ssize_t n = decode(text, len, (uint8_t *) f.insns);
    if (n <= 0 || n % (ssize_t) sizeof(struct sock_filter) != 0 ||
        n > BPF_MAXINSNS * (ssize_t) sizeof(struct sock_filter)) {
        seccomp_filter_free(&f);
        return error_set(err, -EINVAL,
                         "annotations." ANNOTATION_BPF_DATA
                         ": is not a seccomp program of 1 to %d instructions in base64",
                         BPF_MAXINSNS);
    }
    f.n = (size_t) n / sizeof(struct sock_filter);
    for (size_t i = 0; i < f.n; i++)
        f.has_notify |= f.insns[i].code == (BPF_RET | BPF_K) &&
                        (f.insns[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF;
    f.flags = f.has_notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    *ret = f;
    return 1;
}

int annotation_check_calls(const struct oci_spec *spec, struct error *err)
{
    const struct oci_seccomp *sec = &spec->linux_.seccomp;
    const char *wanted = oci_pairs_get(&spec->annotations, ANNOTATION_FAIL_UNKNOWN_CALL);
    if (!wanted || str_eq(wanted, "0"))
        return 0;
    for (size_t i = 0; i < sec->n_rules; i++)
        for (size_t k = 0; k < sec->rules[i].names.n; k++)
            if (seccomp_call_number(SECCOMP_ARCH_NATIVE, sec->rules[i].names.v[k]) == -ENOENT)
                return error_set(err, -EINVAL,
                                 "linux.seccomp.syscalls[%zu].names: nobody knows the call \"%s\"", i,
                                 sec->rules[i].names.v[k]);
    return 0;
}

int annotation_time_offset(const struct oci_spec *spec, int proc_fd, struct error *err)
{
    const char *text = oci_pairs_get(&spec->annotations, ANNOTATION_TIME_OFFSET);
    int r = text ? proc_write(proc_fd, "self/timens_offsets", text, err) : 0;
    return r < 0 ? error_context(err, r, "annotations." ANNOTATION_TIME_OFFSET) : 0;
}
