// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/journal.c: see journal.h. The disk being full is the container's trouble only as far as its log goes: what cannot be
 * written is counted and dropped, and a line in the log says so when there is room again.
 */
#include "monitor/journal.h"

#include <errno.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "monitor/sink.h"
#include "sys/file.h"

#define PART_MAX 16384 /* docker's: a longer line comes in parts */
#define IN_MAX (2 * PART_MAX)
#define OUT_MAX 131072
#define TAKE_MAX 65536
_Static_assert(OUT_MAX > JOURNAL_LINE_MAX(PART_MAX), "a part fits");

#define JOURNAL_VERSION 1
/* Shared memory: changed by one process at a time, read by the next one if that is killed. */
struct journal_head {
    uint32_t version, armed;
    uint64_t log_inode, log_size; /* before the write that is armed */
    uint64_t length;              /* of it */
    uint64_t next[STREAM_COUNT];  /* `done` when it is written */
    uint64_t done[STREAM_COUNT];  /* bytes of each ring that are dealt with */
    uint64_t lost_lines, lost_bytes, told_lines;
};

struct journal {
    int dir, log;
    uint64_t max_size, max_files;
    int ring[STREAM_COUNT];
    uint64_t ring_end[STREAM_COUNT], punched[STREAM_COUNT], hold[STREAM_COUNT];
    volatile struct journal_head *head;
    char name[96];
    const char *tag, *attrs;
    const struct sink *sink; /* NULL: the log is a file */
    bool drop;
    uint64_t buffer;
    enum journal_sink_state sink_state;
    size_t out_len, out_lines, out_bytes; /* bytes: of the container's */
    uint64_t out_done[STREAM_COUNT];
    char in[IN_MAX], out[OUT_MAX];
};

static struct journal the_journal;

static int open_log(struct journal *j)
{
    j->log = openat(j->dir, j->name, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
    return j->log < 0 ? -errno : 0;
}

/* A write that was armed when the last scribe was killed: it was done whole, or is undone. */
static void recover(struct journal *j)
{
    struct stat st;
    if (j->head->armed && fstat(j->log, &st) == 0 && st.st_ino == j->head->log_inode) {
        if ((uint64_t) st.st_size == j->head->log_size + j->head->length)
            for (int s = 0; s < STREAM_COUNT; s++)
                j->head->done[s] = j->head->next[s];
        else if ((uint64_t) st.st_size > j->head->log_size)
            (void) !ftruncate(j->log, (off_t) j->head->log_size);
    }
    j->head->armed = 0;
}

int journal_open(int dir, int state, const char *id, const char *tag, bool no_log, uint64_t max_size,
                 uint64_t max_files, struct journal **ret)
{
    static const char *const rings[] = { "out.ring", "err.ring" };
    struct journal *j = &the_journal;
    *j = (struct journal){
        .dir = dir, .log = -1, .tag = tag, .max_size = max_size, .max_files = MAX_OF(max_files, 1ull)
    };
    int r = str_format(j->name, sizeof(j->name), "%s-json.log", id);
    if (r >= 0 && !no_log)
        r = open_log(j);
    _cleanup_close_ int fd = r < 0
                                 ? -1
                                 : openat(state, "journal", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (r < 0 || fd < 0 || ftruncate(fd, sizeof(*j->head)) < 0)
        return r < 0 ? r : -errno;
    void *p = mmap(NULL, sizeof(*j->head), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return -errno;
    j->head = p;
    if (j->head->version == 0)
        j->head->version = JOURNAL_VERSION;
    else if (j->head->version != JOURNAL_VERSION)
        return -EINVAL;
    recover(j);
    for (int s = 0; s < STREAM_COUNT; s++) {
        j->ring[s] = openat(state, rings[s], O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        off_t end = j->ring[s] < 0 ? -1 : lseek(j->ring[s], 0, SEEK_END);
        if (end < 0)
            return -errno;
        j->ring_end[s] = (uint64_t) end;
        j->out_done[s] = j->punched[s] = j->head->done[s];
        j->hold[s] = UINT64_MAX;
    }
    *ret = j;
    return 0;
}

/* A terminal cannot be spliced on every kernel. */
static ssize_t take_by_hand(struct journal *j, int to, int fd)
{
    ssize_t n = read(fd, j->in, sizeof(j->in));
    if (n <= 0)
        return n;
    return write_all(to, j->in, (size_t) n) < 0 ? -1 : n;
}

int journal_take(struct journal *j, enum journal_stream s, int fd)
{
    ssize_t n = splice(fd, NULL, j->ring[s], NULL, TAKE_MAX, SPLICE_F_NONBLOCK);
    if (n < 0 && errno == EINVAL)
        n = take_by_hand(j, j->ring[s], fd);
    if (n > 0)
        j->ring_end[s] += (uint64_t) n;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return n > 0 ? 1 : -EPIPE; /* a master whose slaves are closed: EIO */
}

/* ---- the log ---- */

static void part_name(const struct journal *j, uint64_t i, char *buf, size_t size)
{
    int r = i == 0 ? str_format(buf, size, "%s", j->name)
                   : str_format(buf, size, "%s.%llu", j->name, (unsigned long long) i);
    if (r < 0)
        buf[0] = '\0';
}

/* The first number that no part has: the place of the one that is moved last, or of the oldest, which goes. */
static uint64_t first_hole(const struct journal *j)
{
    char name[128];
    struct stat st;
    uint64_t i = 1;
    for (; i + 1 < j->max_files; i++) {
        part_name(j, i, name, sizeof(name));
        if (fstatat(j->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            break;
    }
    return i;
}

/*
 * log.1 to log.2 and so on, the log to log.1. Killed in between it leaves a number that no part has; the next one goes on from there,
 * so that nothing is moved twice.
 */
static void rotate(struct journal *j)
{
    char from[128], to[128];
    if (j->max_files == 1) {
        (void) !ftruncate(j->log, 0);
        return;
    }
    for (uint64_t i = first_hole(j); i > 0; i--) {
        part_name(j, i - 1, from, sizeof(from));
        part_name(j, i, to, sizeof(to));
        (void) sys_renameat2(j->dir, from, j->dir, to, 0);
    }
    int old = j->log;
    if (open_log(j) < 0)
        j->log = old; /* no room for an inode: the log grows until there is */
    else
        close(old);
}

static void account_loss(struct journal *j)
{
    j->head->lost_lines += j->out_lines;
    j->head->lost_bytes += j->out_bytes;
}

static bool write_whole(struct journal *j, uint64_t before)
{
    ssize_t n = write(j->log, j->out, j->out_len);
    if (n == (ssize_t) j->out_len)
        return true;
    if (n > 0)
        (void) !ftruncate(j->log, (off_t) before);
    return false;
}

/* Whole pages of what is dealt with and held by nobody. */
static void give_back(struct journal *j)
{
    for (int s = 0; s < STREAM_COUNT; s++) {
        uint64_t done = MIN_OF((uint64_t) j->head->done[s], j->hold[s]), from = j->punched[s] & ~4095ull,
                 to = done & ~4095ull;
        if (to <= from)
            continue;
        if (to - from < TAKE_MAX && !(done == j->ring_end[s] && to > from))
            continue;
        if (fallocate(j->ring[s], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t) from,
                      (off_t) (to - from)) == 0)
            j->punched[s] = done;
    }
}

static void advance(struct journal *j)
{
    for (int s = 0; s < STREAM_COUNT; s++)
        j->head->done[s] = j->out_done[s];
    __atomic_store_n(&j->head->armed, 0, __ATOMIC_SEQ_CST);
    give_back(j);
    j->out_len = j->out_lines = j->out_bytes = 0;
}

static void flush(struct journal *j)
{
    struct stat st;
    if (j->out_len == 0)
        return;
    if (fstat(j->log, &st) == 0 && j->max_size > 0 && st.st_size > 0 &&
        (uint64_t) st.st_size + j->out_len > j->max_size) {
        rotate(j);
        (void) fstat(j->log, &st);
    }
    j->head->log_inode = st.st_ino;
    j->head->log_size = (uint64_t) st.st_size;
    j->head->length = j->out_len;
    for (int s = 0; s < STREAM_COUNT; s++)
        j->head->next[s] = j->out_done[s];
    __atomic_store_n(&j->head->armed, 1, __ATOMIC_SEQ_CST);
    if (!write_whole(j, (uint64_t) st.st_size))
        account_loss(j);
    advance(j);
}

/* Says in the log what is missing, once there is room for it. */
static void tell_loss(struct journal *j)
{
    char text[128], now[CLOCK_TEXT_MAX];
    static char line[JOURNAL_LINE_MAX(128)];
    uint64_t missing = j->head->lost_lines - j->head->told_lines;
    if (missing == 0)
        return;
    clock_now_text(now);
    int n = str_format(text, sizeof(text), "oakum: %llu lines are missing here, the disk was full",
                       (unsigned long long) missing);
    n = n < 0 ? n
              : journal_encode(line, sizeof(line), text, (size_t) n, true, STREAM_ERR, now, j->tag, j->attrs);
    struct stat st;
    if (n <= 0 || fstat(j->log, &st) < 0)
        return;
    ssize_t done = write(j->log, line, (size_t) n);
    if (done == n)
        j->head->told_lines = j->head->lost_lines;
    else if (done > 0)
        (void) !ftruncate(j->log, st.st_size);
}

/* ---- a sink ---- */

void journal_attributes(struct journal *j, const char *attrs)
{
    j->attrs = attrs;
}

void journal_to_sink(struct journal *j, const struct sink *k, bool drop, uint64_t buffer)
{
    j->sink = k;
    j->drop = drop;
    j->buffer = buffer;
}

enum journal_sink_state journal_sink_state(const struct journal *j)
{
    return j->sink_state;
}

static bool waits_too_much(const struct journal *j, enum journal_stream s)
{
    return j->ring_end[s] - j->head->done[s] > j->buffer;
}

bool journal_is_full(const struct journal *j, enum journal_stream s)
{
    return j->sink != NULL && !j->drop && j->sink_state != JOURNAL_SINK_WELL && waits_too_much(j, s);
}

void journal_give_up(struct journal *j)
{
    for (int s = 0; j->sink != NULL && s < STREAM_COUNT; s++) {
        if (j->head->done[s] == j->ring_end[s])
            continue;
        j->head->lost_bytes += j->ring_end[s] - j->head->done[s];
        j->head->lost_lines++; /* at least */
        j->out_done[s] = j->ring_end[s];
    }
    advance(j);
}

/* Says there what is missing, before the next line. */
static int tell_sink_loss(struct journal *j)
{
    char text[128];
    uint64_t missing = j->head->lost_lines - j->head->told_lines;
    if (missing == 0)
        return 0;
    int n = str_format(text, sizeof(text), "oakum: %llu lines are missing here, they were not taken in time",
                       (unsigned long long) missing);
    int r = n < 0 ? n : sink_send(j->sink, STREAM_ERR, text, (size_t) n, false);
    if (r == 0)
        j->head->told_lines = j->head->lost_lines;
    return r;
}

/* false: it stays where it is. */
static bool send_line(struct journal *j, enum journal_stream s, const char *data, size_t n, bool newline)
{
    int r = tell_sink_loss(j);
    if (r == 0)
        r = sink_send(j->sink, s, data, n, !newline);
    j->sink_state = r == -EAGAIN              ? JOURNAL_SINK_WAITS
                    : r < 0 && r != -EMSGSIZE ? JOURNAL_SINK_GONE
                                              : JOURNAL_SINK_WELL;
    if (j->sink_state != JOURNAL_SINK_WELL && !(j->drop && waits_too_much(j, s)))
        return false;
    if (r < 0) {
        j->head->lost_lines += newline;
        j->head->lost_bytes += n + newline;
    }
    j->out_done[s] += n + newline;
    return true;
}

static bool add_line(struct journal *j, enum journal_stream s, const char *data, size_t n, bool newline,
                     const char *now)
{
    if (j->sink != NULL) {
        (void) now; /* who keeps it says when it came */
        return send_line(j, s, data, n, newline);
    }
    size_t most = j->max_size > 0 ? (size_t) MIN_OF(j->max_size, (uint64_t) OUT_MAX) : OUT_MAX;
    int len = journal_encode(j->out + j->out_len, sizeof(j->out) - j->out_len, data, n, newline, s, now,
                             j->tag, j->attrs);
    if (len < 0 || (j->out_len > 0 && j->out_len + (size_t) len > most)) {
        flush(j);
        tell_loss(j);
        len = journal_encode(j->out, sizeof(j->out), data, n, newline, s, now, j->tag, j->attrs);
    }
    if (len > 0)
        j->out_len += (size_t) len;
    j->out_lines++;
    j->out_bytes += n + newline;
    j->out_done[s] += n + newline;
    return true;
}

/* Where a part of a long line ends: not within a character. */
static size_t part_length(const char *p)
{
    size_t n = PART_MAX;
    for (int back = 0; back < 3 && ((unsigned char) p[n] & 0xc0) == 0x80; back++)
        n--;
    return ((unsigned char) p[n] & 0xc0) == 0x80 ? PART_MAX : n;
}

static void write_stream(struct journal *j, enum journal_stream s, bool last, const char *now)
{
    while (j->out_done[s] < j->ring_end[s]) {
        uint64_t at = j->out_done[s];
        size_t want = (size_t) MIN_OF(j->ring_end[s] - at, (uint64_t) sizeof(j->in));
        ssize_t got = pread(j->ring[s], j->in, want, (off_t) at);
        if (got <= 0)
            return;
        const char *p = j->in, *end = j->in + got;
        while (p < end) {
            const char *nl = memchr(p, '\n', MIN_OF((size_t) (end - p), (size_t) PART_MAX + 1));
            size_t n = nl != NULL ? (size_t) (nl - p) : (size_t) (end - p);
            if (nl == NULL && n > PART_MAX)
                n = part_length(p);
            else if (nl == NULL && (!last || at + (uint64_t) got < j->ring_end[s]))
                break; /* the rest of the line is still to come */
            bool whole = nl != NULL || (last && p + n == end);
            if (!add_line(j, s, p, n, whole, now))
                return;
            if (nl == NULL && whole)
                j->out_done[s]--; /* the line feed is ours, as docker adds one to the last line */
            if (j->sink != NULL)
                advance(j);
            p += n + (nl != NULL);
        }
        if (p == j->in)
            return;
    }
}

void journal_write(struct journal *j, bool last)
{
    char now[CLOCK_TEXT_MAX];
    bool nowhere = j->log < 0 && j->sink == NULL;
    for (int s = 0; nowhere && s < STREAM_COUNT; s++)
        j->out_done[s] = j->ring_end[s];
    if (nowhere) {
        advance(j);
        return;
    }
    clock_now_text(now);
    if (j->sink == NULL)
        tell_loss(j);
    for (int s = 0; s < STREAM_COUNT; s++)
        write_stream(j, (enum journal_stream) s, last, now);
    flush(j);
}

uint64_t journal_first(const struct journal *j, enum journal_stream s)
{
    return j->punched[s];
}

uint64_t journal_end(const struct journal *j, enum journal_stream s)
{
    return j->ring_end[s];
}

void journal_hold(struct journal *j, enum journal_stream s, uint64_t from)
{
    j->hold[s] = from;
    give_back(j);
}

size_t journal_read(const struct journal *j, enum journal_stream s, uint64_t at, char *buf, size_t size)
{
    ssize_t n = at < j->punched[s] || at >= j->ring_end[s]
                    ? 0
                    : pread(j->ring[s], buf, (size_t) MIN_OF(size, j->ring_end[s] - at), (off_t) at);
    return n > 0 ? (size_t) n : 0;
}

void journal_lost(const struct journal *j, uint64_t *ret_lines, uint64_t *ret_bytes)
{
    *ret_lines = j->head->lost_lines;
    *ret_bytes = j->head->lost_bytes;
}
