// SPDX-License-Identifier: Apache-2.0
/*
 * state.json as a damaged disk would have it: read or refused with a message, and what was read is written and read again as the
 * same. The id that it holds, and its cgroup, go where ids and cgroups of the record go.
 */
#include "fuzz.h"

#include <sys/stat.h>

#include "base/log.h"
#include "runtime/state.h"
#include "sys/file.h"

static char place[] = "/tmp/oakum-fuzz-state-XXXXXX";
static int dir_fd = -1;

static void remove_place(void)
{
    tree_remove(AT_FDCWD, place, NULL);
}

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    log_setup(-1, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "fuzz");
    MUST(mkdtemp(place) != NULL);
    atexit(remove_place);
    dir_fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    MUST(dir_fd >= 0);
    return 0;
}

static void same(const char *a, const char *b)
{
    MUST(str_eq(a, b));
}

static void write_and_read(const struct record *rec)
{
    struct record again;
    MUST(state_write(dir_fd, rec, NULL) == 0);
    MUST(state_read(dir_fd, &again, NULL) == 0);
    same(rec->id, again.id);
    same(rec->bundle, again.bundle);
    same(rec->rootfs, again.rootfs);
    same(rec->created, again.created);
    same(rec->oci_version, again.oci_version);
    same(rec->cgroup_path, again.cgroup_path);
    MUST(rec->pid == again.pid && rec->start_time == again.start_time && rec->owner_uid == again.owner_uid);
    MUST(rec->own_pidns == again.own_pidns && rec->annotations.n == again.annotations.n);
    for (size_t i = 0; i < rec->annotations.n; i++)
        same(rec->annotations.v[i].value, oci_pairs_get(&again.annotations, rec->annotations.v[i].key));
    arena_free(again.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record rec;
    struct error err = { 0 };
    int fd = openat(dir_fd, "state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write_all(fd, data, size) == 0);
    close(fd);
    if (state_read(dir_fd, &rec, &err) < 0) {
        MUST(err.code < 0 && err.msg[0] != '\0');
        return 0;
    }
    MUST(rec.pid >= 0);
    if (container_id_check(rec.id, NULL) == 0)
        MUST(strchr(rec.id, '/') == NULL && rec.id[0] != '.');
    write_and_read(&rec);
    arena_free(rec.arena);
    return 0;
}
