// SPDX-License-Identifier: Apache-2.0
/*
 * engine/names.c: claims of names. Release looks at the link before it takes it away; between the two another process could
 * only put a link there after ours is gone, and ours is only taken by who holds the container's lock.
 */
#include "engine/names.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>

#include "engine/options.h"
#include "oci/digest.h"
#include "sys/file.h"

static const char *const adjectives[] = {
    "amber",   "bold",   "brave", "breezy", "bright", "brisk",  "calm",    "candid", "clear",  "clever",
    "coastal", "crisp",  "deep",  "dry",    "eager",  "early",  "even",    "fair",   "firm",   "fleet",
    "fresh",   "gentle", "glad",  "golden", "hardy",  "honest", "keen",    "kind",   "lively", "loyal",
    "lucky",   "mellow", "merry", "mild",   "neat",   "noble",  "patient", "plain",  "proud",  "quick",
    "quiet",   "rapid",  "ready", "robust", "round",  "rustic", "salty",   "sharp",  "silver", "smooth",
    "snug",    "sober",  "solid", "sound",  "steady", "stout",  "sunny",   "sure",   "swift",  "tidy",
    "trim",    "true",   "vivid", "wise",
};
static const char *const nouns[] = {
    "anchor",  "ballast",  "barge",    "beacon",  "bilge",   "binnacle", "bollard",  "boom",
    "bow",     "bowsprit", "brig",     "bulwark", "buoy",    "cabin",    "capstan",  "caulker",
    "chart",   "cleat",    "clipper",  "cutter",  "davit",   "deck",     "dinghy",   "dory",
    "fathom",  "ferry",    "frigate",  "galley",  "gangway", "halyard",  "harbor",   "hatch",
    "hawser",  "helm",     "hull",     "jetty",   "keel",    "ketch",    "lantern",  "lugger",
    "mast",    "mooring",  "oar",      "pier",    "plank",   "port",     "prow",     "quay",
    "rigging", "rudder",   "schooner", "seam",    "sextant", "sloop",    "spar",     "stern",
    "tar",     "tide",     "tiller",   "trawler", "wharf",   "winch",    "windlass", "yawl",
};

int name_lookup(int names_fd, const char *name, char *id)
{
    char text[66];
    if (!object_name_valid(name))
        return -ENOENT;
    ssize_t n = readlinkat(names_fd, name, text, sizeof(text));
    if (n < 0)
        return -errno;
    if (n != 64)
        return -ENOENT;
    text[64] = '\0';
    if (!hex64_valid(text))
        return -ENOENT;
    memcpy(id, text, 65);
    return 0;
}

int name_claim(int names_fd, const char *name, const char *id, struct error *err)
{
    char owner[65];
    if (!object_name_valid(name))
        return error_set(
            err, -EINVAL,
            "the name \"%s\" must be 2 to 128 of [a-zA-Z0-9_.-] and begin with a letter or digit", name);
    if (hex64_valid(name))
        return error_set(err, -EINVAL, "a name must not look like a container's id");
    for (int i = 0; i < 3; i++) {
        if (symlinkat(id, names_fd, name) == 0)
            return 0;
        if (errno != EEXIST)
            return error_errno(err, -errno, "cannot claim the name \"%s\"", name);
        int r = name_lookup(names_fd, name, owner);
        if (r == 0)
            return error_set(
                err, -EEXIST,
                "the name \"%s\" is in use by container %.12s; remove that one with \"oakum rm\" or choose another name",
                name, owner);
        if (r != -ENOENT)
            break;
    }
    return error_set(err, -EEXIST, "the name \"%s\" is in use, and its link does not say by which container",
                     name);
}

int name_claim_random(int names_fd, const char *id, char *buf, size_t size, struct error *err)
{
    for (int i = 0; i < 64; i++) {
        uint32_t n = 0;
        if (getrandom(&n, sizeof(n), 0) != sizeof(n))
            continue;
        const char *adjective = adjectives[n % ARRAY_LEN(adjectives)];
        const char *noun = nouns[(n >> 8) % ARRAY_LEN(nouns)];
        /* A number from the third collision on: with thousands of containers the words run out. */
        int r = i < 2 ? str_format(buf, size, "%s_%s", adjective, noun)
                      : str_format(buf, size, "%s_%s%u", adjective, noun, (n >> 16) % 1000);
        if (r < 0)
            return error_set(err, r, "a container's name is too long");
        if (symlinkat(id, names_fd, buf) == 0)
            return 0;
        if (errno != EEXIST)
            return error_errno(err, -errno, "cannot claim the name \"%s\"", buf);
    }
    return error_set(err, -EEXIST, "no free name was found; give one with --name");
}

int name_release(int names_fd, const char *name, const char *id, struct error *err)
{
    char owner[65];
    if (name_lookup(names_fd, name, owner) < 0 || !str_eq(owner, id))
        return 0;
    if (unlinkat(names_fd, name, 0) < 0 && errno != ENOENT)
        return error_errno(err, -errno, "cannot give back the name \"%s\"", name);
    return 0;
}

struct release {
    int fd;
    const char *id;
};

static int release_entry(int dirfd, const char *name, unsigned char type, void *arg)
{
    const struct release *r = arg;
    (void) dirfd;
    (void) type;
    return name_release(r->fd, name, r->id, NULL);
}

int name_release_all(int names_fd, const char *id, struct error *err)
{
    struct release r = { names_fd, id };
    return dir_each(names_fd, ".", release_entry, &r, err);
}
