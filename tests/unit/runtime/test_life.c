// SPDX-License-Identifier: Apache-2.0
/*
 * The whole life of containers through runtime/container.h: roots of each kind, with and without a user namespace, what a
 * program sees of its seal, every command in the states in which it may and may not be given, death of the creator at any moment,
 * and documents that are wrong. Each body runs in a child; the parent then takes everything away and asks whether there
 * was more than the body may leave.
 */
#include "test_life.h"

/* ---- run ---- */

static void body_exit_codes(void)
{
    int code;
    run_it(&(struct sketch){ .script = "exit 0" }, &code);
    check(code == 0);
    run_it(&(struct sketch){ .script = "exit 77" }, &code);
    check(code == 77);
    run_it(&(struct sketch){ .script = "sh -c 'kill -9 $$'; exit $?" }, &code);
    check(code == 137);
    prints(&(struct sketch){ .script = "echo $$ $(id -u) $(cat /proc/sys/kernel/hostname)" }, "1 0 life\n");
    check(!cgroup_is_left());
}

static void body_not_executed(void)
{
    static const struct {
        const char *program;
        int code;
    } rows[] = { { "nothing", 127 },
                 { "/no/where", 127 },
                 { "/etc/from", 126 },
                 { "/etc", 126 },
                 { "/etc/from/x", 127 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct oci_spec *spec = draw(&(struct sketch){ 0 });
        struct container_options opt = options("c");
        struct container_exit end;
        spec->process.args.v[0] = rows[i].program;
        check(container_run(rt, spec, &opt, &end, &forked_err) < 0);
        check(end.exec_failed && end.code == rows[i].code);
        check_says(rows[i].program);
        check(!cgroup_is_left());
        oci_spec_free(spec);
    }
}

static void body_userns(void)
{
    own_root("rootfs");
    prints(
        &(struct sketch){
            .userns = true,
            .script = "cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; id -u; stat -c %u / /bin",
            .mounts = DEV "," PROC },
        " 0 100000 65536\n 0 100000 65536\n0\n0\n65534\n");
    prints(&(struct sketch){ .userns = true, .writable = true, .script = "touch /new && stat -c %u /new" },
           "0\n");
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/rootfs/new", place);
    check(stat(path, &st) == 0 && st.st_uid == 100000);
}

static void body_seal(void)
{
    static const char script[] =
        "grep -E '^(Cap|NoNew|Groups)' /proc/self/status | tr -d '\\\\t '; touch /x 2>/dev/null || echo ro";
    static const char none[] =
        "Groups:\nCapInh:0000000000000000\nCapPrm:0000000000000000\nCapEff:0000000000000000\n"
        "CapBnd:0000000000000000\nCapAmb:0000000000000000\nNoNewPrivs:1\nro\n";
    prints(&(struct sketch){ .script = script }, none);
    own_root("rootfs");
    prints(&(struct sketch){ .script = script, .userns = true }, none);
    prints(&(struct sketch){ .script = "id -G; id -u; id -g",
                             .process = ",\"user\":{\"uid\":7,\"gid\":8,\"additionalGids\":[9,10]}" },
           "8 9 10\n7\n8\n");
}

/* ---- roots ---- */

static void bind_root(bool userns, bool writable)
{
    char before[512];
    snprintf(before, sizeof(before),
             "{\"destination\":\"/\",\"type\":\"bind\",\"source\":\"%s/layer\",\"options\":[\"bind\"]%s},",
             place, userns ? "," MAPS : "");
    prints(
        &(struct sketch){
            .before = before,
            .userns = userns,
            .writable = writable,
            .script = "cat /etc/from; touch /x 2>/dev/null && stat -c %u /x || echo ro; stat -c %u /bin" },
        writable ? "layer0\n0\n" : "layerro\n0\n");
}

static bool layer_has(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", place, name);
    return access(path, F_OK) == 0;
}

static void body_bind_root(void)
{
    for (int userns = 0; userns < 2; userns++) {
        bind_root(userns, false);
        check(!layer_has("layer/x"));
        bind_root(userns, true);
        check(layer_has("layer/x"));
        char path[128];
        struct stat st;
        snprintf(path, sizeof(path), "%s/layer/x", place);
        /* Id-mapped: on disk the file belongs to who the container's root is in the layer. */
        check(stat(path, &st) == 0 && st.st_uid == 0 && unlink(path) == 0);
    }
}

static void overlay_root(bool userns, bool upper)
{
    char before[1024], more[256] = "";
    if (upper)
        snprintf(more, sizeof(more), ",\"upperdir=%s/w/upper\",\"workdir=%s/w/work\"", place, place);
    snprintf(
        before, sizeof(before),
        "{\"destination\":\"/\",\"type\":\"overlay\",\"source\":\"overlay\",\"options\":[\"lowerdir=%s/top:%s/layer\"%s]%s},",
        place, place, more, userns ? "," MAPS : "");
    prints(
        &(struct sketch){
            .before = before,
            .userns = userns,
            .writable = upper,
            .script = "cat /etc/from /etc/top; touch /x /etc/from 2>/dev/null && stat -c %u /x || echo ro" },
        upper ? "layerTOP0\n" : "layerTOPro\n");
}

static void make_upper(uid_t owner)
{
    static const char *const dirs[] = { "w", "w/upper", "w/work" };
    char path[128];
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        snprintf(path, sizeof(path), "%s/%s", place, dirs[i]);
        check(mkdir(path, 0755) == 0 && chown(path, owner, owner) == 0);
    }
}

static void body_overlay_root(void)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/top", place);
    check(mkdir(path, 0755) == 0);
    snprintf(path, sizeof(path), "%s/top/etc", place);
    check(mkdir(path, 0755) == 0);
    snprintf(path, sizeof(path), "%s/top/etc/top", place);
    check(file_replace(AT_FDCWD, path, "TOP", 3, 0644, false, NULL) == 0);
    for (int userns = 0; userns < 2; userns++) {
        overlay_root(userns, false);
        make_upper(userns ? 100000 : 0);
        overlay_root(userns, true);
        check(layer_has("w/upper/x") && layer_has("w/upper/etc/from") && !layer_has("layer/x") &&
              !layer_has("top/x"));
        snprintf(path, sizeof(path), "%s/w", place);
        check(tree_remove(AT_FDCWD, path, NULL) == 0);
    }
}

/* An upper directory that overlayfs cannot use makes it read-only: said, where writing was asked for. */
static void body_upper_of_another(void)
{
    int code;
    char before[1024];
    make_upper(0);
    snprintf(
        before, sizeof(before),
        "{\"destination\":\"/\",\"type\":\"overlay\",\"source\":\"overlay\",\"options\":[\"lowerdir=%s/layer\",\"upperdir=%s/w/upper\",\"workdir=%s/w/work\"]," MAPS
        "},",
        place, place, place);
    run_it(&(struct sketch){ .before = before, .userns = true, .writable = true, .script = "true" }, &code);
    check(code < 0);
    check_says("root file system");
}

/* ---- mounts, masks, devices ---- */

static void body_masks(void)
{
    static const char linux_[] =
        ",\"maskedPaths\":[\"/proc/keys\",\"/proc/fs\",\"/etc/from\",\"/sub\",\"/nowhere\"],\"readonlyPaths\":[\"/proc/sys\",\"/tmp\",\"/nowhere\"]";
    static const char script[] =
        "cat /proc/keys /etc/from; ls /proc/fs /sub; touch /tmp/x 2>/dev/null || echo ro; (echo 1 >/proc/sys/net/ipv4/ip_forward) 2>/dev/null || echo ro; touch /sub/x 2>/dev/null || echo ro; stat -c '%t:%T %F' /proc/keys";
    prints(
        &(struct sketch){
            .mounts = DEV "," PROC "," TMP, .linux_ = linux_, .writable = true, .script = script },
        "/proc/fs:\n\n/sub:\nro\nro\nro\n1:3 character special file\n");
    own_root("rootfs");
    prints(&(struct sketch){ .mounts = DEV "," PROC "," TMP,
                             .linux_ = linux_,
                             .writable = true,
                             .userns = true,
                             .script = script },
           "/proc/fs:\n\n/sub:\nro\nro\nro\n1:3 character special file\n");
}

static void body_devices(void)
{
    static const char script[] =
        "for n in null zero full random urandom tty; do stat -c '%n %t:%T %a' /dev/$n; done; echo x >/dev/null; head -c 2 /dev/zero | grep -c .; ls -l /dev/fd /dev/stdin /dev/ptmx 2>/dev/null | grep -c -- '->'; true";
    static const char nodes[] =
        "/dev/null 1:3 666\n/dev/zero 1:5 666\n/dev/full 1:7 666\n/dev/random 1:8 666\n/dev/urandom 1:9 666\n/dev/tty 5:0 666\n";
    char want[512];
    own_root("rootfs");
    for (int userns = 0; userns < 2; userns++) {
        snprintf(want, sizeof(want), "%s1\n3\n", nodes);
        prints(&(struct sketch){ .script = script, .userns = userns }, want);
    }
    /* No tmpfs on /dev: the same nodes, on files of the root, which therefore has to be writable. */
    snprintf(want, sizeof(want), "%s1\n0\n", nodes);
    prints(&(struct sketch){ .mounts = PROC, .script = script, .writable = true }, want);
    /* One of the specification's own, and one that replaces a default. */
    prints(
        &(struct sketch){
            .linux_ =
                ",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/sub/mine\",\"major\":1,\"minor\":5,\"fileMode\":384,\"uid\":7,\"gid\":8},{\"type\":\"c\",\"path\":\"/dev/null\",\"major\":1,\"minor\":3,\"fileMode\":438}]",
            .script = "stat -c '%t:%T %a %u:%g' /dev/sub/mine /dev/null" },
        "1:5 600 7:8\n1:3 666 0:0\n");
}

static void body_binds(void)
{
    char mounts[2048], path[128];
    snprintf(path, sizeof(path), "%s/host", place);
    check(mkdir(path, 0755) == 0);
    snprintf(path, sizeof(path), "%s/host/file", place);
    check(file_replace(AT_FDCWD, path, "host", 4, 0644, false, NULL) == 0);
    snprintf(
        mounts, sizeof(mounts),
        DEV
        "," PROC
        ",{\"destination\":\"/vol\",\"type\":\"bind\",\"source\":\"host\",\"options\":[\"rbind\",\"ro\",\"nosuid\",\"noexec\"]}"
        ",{\"destination\":\"/made/deep/f\",\"type\":\"bind\",\"source\":\"%s/host/file\",\"options\":[\"bind\",\"rw\"]}"
        ",{\"destination\":\"/sub\",\"source\":\"host\",\"options\":[\"bind\"]}",
        place);
    prints(
        &(struct sketch){
            .mounts = mounts,
            .writable = true,
            .script =
                "cat /vol/file /made/deep/f; touch /vol/x 2>/dev/null || echo ro; touch /sub/y && echo rw; grep ' /vol ' /proc/self/mountinfo | grep -c 'ro,nosuid,noexec'" },
        "hosthostro\nrw\n1\n");
    check(layer_has("host/y") && !layer_has("host/x"));
    /* Ids of the container on the host's files. */
    own_root("rootfs");
    snprintf(
        mounts, sizeof(mounts),
        DEV
        "," PROC
        ",{\"destination\":\"/vol\",\"type\":\"bind\",\"source\":\"host\",\"options\":[\"bind\",\"idmap\"]}");
    prints(&(struct sketch){ .mounts = mounts,
                             .userns = true,
                             .script = "touch /vol/z; stat -c %u /vol/z /vol/file" },
           "0\n0\n");
}

static void body_sysfs_of_host_network(void)
{
    own_root("rootfs");
    struct sketch k = {
        .mounts = DEV "," PROC "," MOUNT("/sys", "sysfs", "\"nosuid\""),
        .userns = true,
        .script =
            "ls /sys/class/net | grep -c lo; touch /sys/x 2>/dev/null || echo ro; grep ' /sys ' /proc/self/mountinfo | grep -c ' ro,nosuid'; true"
    };
    prints(&k, "1\nro\n0\n"); /* a network namespace of its own: the child's own mount, as asked */
}

/* ---- create, start, exec, kill, delete ---- */

static enum container_status status_of(const char *id)
{
    struct container_state *st = NULL;
    check(container_state(rt, id, &st, &forked_err) == 0);
    enum container_status s = st->status;
    check((st->pid != 0) == (s != CONTAINER_STOPPED && s != CONTAINER_CREATING));
    container_state_free(st);
    return s;
}

static void create(const char *id, const char *pid_file, const struct sketch *k)
{
    struct oci_spec *spec = draw(k);
    struct container_options opt = options(id);
    opt.pid_file = pid_file;
    check(container_create(rt, spec, &opt, &forked_err) == 0);
    oci_spec_free(spec);
}

static void body_life(void)
{
    char pid_file[128];
    pid_t *pids = NULL;
    size_t n = 0;
    snprintf(pid_file, sizeof(pid_file), "%s/pid", place);
    create("c", pid_file, &(struct sketch){ .top = ",\"annotations\":{\"a\":\"b\"}" });
    check(status_of("c") == CONTAINER_CREATED);
    struct oci_spec *spec = draw(&(struct sketch){ 0 });
    struct container_options opt = options("c");
    check(container_create(rt, spec, &opt, &forked_err) == -EEXIST);
    oci_spec_free(spec);
    check(container_start(rt, "c", NULL, &forked_err) == 0 && status_of("c") == CONTAINER_RUNNING);
    check(container_start(rt, "c", NULL, &forked_err) == -EINVAL);
    check_says("running");
    struct container_state *st;
    check(container_state(rt, "c", &st, &forked_err) == 0 &&
          str_eq(oci_pairs_get(&st->annotations, "a"), "b") && str_eq(st->bundle, place));
    FILE *f = fopen(pid_file, "re");
    int pid = 0;
    check(f && fscanf(f, "%d", &pid) == 1 && pid == st->pid);
    fclose(f);
    container_state_free(st);
    check(container_ps(rt, "c", &pids, &n, &forked_err) == 0 && n == 1 && pids[0] == pid);
    free(pids);
    check(container_spec(rt, "c", &spec, &forked_err) == 0 && str_eq(spec->hostname, "life"));
    oci_spec_free(spec);
    check(container_delete(rt, "c", false, &forked_err) == -EBUSY);
    check(container_wait(rt, "c", 20, &forked_err) == 0);
    check(container_kill(rt, "c", SIGKILL, false, &forked_err) == 0);
    check(container_wait(rt, "c", 5000, &forked_err) == 1);
    waitpid(pid, NULL, 0);
    check(status_of("c") == CONTAINER_STOPPED);
    check(container_kill(rt, "c", SIGTERM, false, &forked_err) == -ESRCH);
    check(container_start(rt, "c", NULL, &forked_err) == -EINVAL);
    check(container_delete(rt, "c", false, &forked_err) == 0);
    check(container_state(rt, "c", &st, &forked_err) == -ENOENT);
    check(container_delete(rt, "c", false, &forked_err) == -ENOENT &&
          container_delete(rt, "c", true, &forked_err) == 0);
    check(container_wait(rt, "c", 0, &forked_err) != 0);
    check(!cgroup_is_left());
}

static void body_created_only(void)
{
    create("c", NULL, &(struct sketch){ 0 });
    check(container_delete(rt, "c", false, &forked_err) == 0); /* as runc: nothing has run yet */
    check(!cgroup_is_left());
    /* A program that is not there is found out by create, and nothing stays. */
    struct oci_spec *spec = draw(&(struct sketch){ 0 });
    struct container_options opt = options("c");
    spec->process.args.v[0] = "/no/where";
    check(container_create(rt, spec, &opt, &forked_err) == -ENOENT);
    check_says("/no/where");
    oci_spec_free(spec);
    struct container_state *st;
    check(container_state(rt, "c", &st, NULL) == -ENOENT);
    check(!cgroup_is_left());
}

static int exec_in(const char *script, void (*change)(struct oci_process *p, struct arena *a),
                   struct container_exit *ret)
{
    struct oci_spec *spec;
    struct exec_options opt = { .keep_stdin_closed = true };
    const char *args[] = { "sh", "-c", script };
    check(container_spec(rt, "c", &spec, &forked_err) == 0);
    struct oci_process p = spec->process;
    p.args = (struct oci_strings){ .v = args, .n = 3 };
    if (change)
        change(&p, spec->arena);
    int r = container_exec(rt, "c", &p, &opt, ret, &forked_err);
    oci_spec_free(spec);
    return r;
}

static void more_capabilities(struct oci_process *p, struct arena *a)
{
    oci_strings_add(a, &p->capabilities.bounding, "CAP_SYS_ADMIN");
}

static void no_program(struct oci_process *p, struct arena *a)
{
    (void) a;
    p->args.v[0] = "/no/where";
}

static void weaker(struct oci_process *p, struct arena *a)
{
    (void) a;
    p->no_new_privileges = false;
    p->n_rlimits = 0;
}

static void exec_everything(bool userns)
{
    struct container_exit end;
    create(
        "c", NULL,
        &(struct sketch){ .userns = userns,
                          .mounts = DEV "," PROC "," TMP,
                          .process = ",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":99,\"hard\":99}]" });
    check(container_start(rt, "c", NULL, &forked_err) == 0);
    check(exec_in("exit 42", NULL, &end) == 0 && end.code == 42);
    check(exec_in("kill -9 $$", NULL, &end) == 0 && end.code == 137);
    check(exec_in("[ $(cat /proc/1/comm) = sleep ] && [ $$ != 1 ] && [ $(id -u) = 0 ]", NULL, &end) == 0 &&
          end.code == 0);
    check(
        exec_in(
            "for n in ipc mnt net pid uts cgroup user; do [ $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) ] || exit 9; done",
            NULL, &end) == 0 &&
        end.code == 0);
    check(exec_in("[ $(ls /proc/self/fd | grep -c .) -le 4 ]", NULL, &end) == 0 && end.code == 0);
    check(exec_in("grep -q 'NoNewPrivs:.1' /proc/self/status && [ $(ulimit -n) = 99 ]", weaker, &end) == 0 &&
          end.code == 0);
    check(exec_in("true", no_program, &end) < 0 && end.exec_failed && end.code == 127);
    /* What an engine asks for, it gets; without the question it is what the container has. */
    static const char has_admin[] = "exit $((0x$(sed -n 's/^CapBnd:.//p' /proc/self/status) >> 21 & 1))";
    check(exec_in(has_admin, NULL, &end) == 0 && end.code == 0);
    check(exec_in(has_admin, more_capabilities, &end) == 0 && end.code == 1);
    /* Its cgroup is the container's: a kill of all ends it. */
    check(exec_in("[ \"$(cat /proc/self/cgroup)\" = \"$(cat /proc/1/cgroup)\" ]", NULL, &end) == 0 &&
          end.code == 0);
    check(container_delete(rt, "c", true, &forked_err) == 0);
    check(!cgroup_is_left());
}

static void body_exec(void)
{
    exec_everything(false);
    own_root("rootfs");
    exec_everything(true);
    struct container_exit end;
    struct exec_options opt = { 0 };
    struct oci_process p = { 0 };
    check(container_exec(rt, "c", &p, &opt, &end, &forked_err) == -ENOENT);
}

/* ---- death of the creator ---- */

static void sleep_us(long us)
{
    struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    nanosleep(&t, NULL);
}

/* However far create or run has come, one delete takes everything away, and no process is left. */
static void kill_creator(bool userns, bool run)
{
    check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    struct oci_spec *spec = draw(&(struct sketch){ .userns = userns,
                                                   .mounts = DEV "," PROC "," TMP,
                                                   .linux_ = ",\"resources\":{\"pids\":{\"limit\":20}}" });
    for (int round = 0; round < 80; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct container_options opt = options("c");
            struct container_exit end;
            opt.die_with_parent = run;
            _exit((run ? container_run(rt, spec, &opt, &end, NULL) : container_create(rt, spec, &opt, NULL)) <
                  0);
        }
        sleep_us(60L * round + round % 7 * 11);
        kill(pid, SIGKILL);
        check(waitpid(pid, NULL, 0) == pid);
        check(container_delete(rt, "c", true, &forked_err) == 0);
        int tries = 0;
        while (waitpid(-1, NULL, WNOHANG) >= 0 && ++tries < 3000)
            poll(NULL, 0, 1);
        check(errno == ECHILD);
        check(!cgroup_is_left());
    }
    oci_spec_free(spec);
}

static void body_killed_create(void)
{
    kill_creator(false, false);
}

static void body_killed_run(void)
{
    own_root("rootfs");
    kill_creator(true, true);
}

static void body_die_with_parent(void)
{
    check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    struct oci_spec *spec = draw(&(struct sketch){ 0 });
    pid_t pid = fork();
    if (pid == 0) {
        struct container_options opt = options("c");
        struct container_exit end;
        opt.die_with_parent = true;
        container_run(rt, spec, &opt, &end, NULL);
        _exit(0);
    }
    struct container_state *st = NULL;
    for (int i = 0; i < 500; i++) {
        if (container_state(rt, "c", &st, NULL) == 0 && st->status == CONTAINER_RUNNING)
            break;
        poll(NULL, 0, 10);
    }
    check(st && st->status == CONTAINER_RUNNING);
    poll(NULL, 0, 50); /* until it has executed */
    kill(pid, SIGKILL);
    check(container_wait(rt, "c", 5000, &forked_err) == 1);
    check(status_of("c") == CONTAINER_STOPPED);
    check(container_delete(rt, "c", false, &forked_err) == 0);
}

/* ---- what is wrong is said, and undone ---- */

static void body_wrong(void)
{
    const struct {
        struct sketch k;
        const char *says;
    } rows[] = {
        { { .mounts =
                "{\"destination\":\"/vol\",\"type\":\"bind\",\"source\":\"/no/where\",\"options\":[\"bind\"]}" },
          "mounts[0]" },
        { { .mounts = PROC "," MOUNT("/vol", "nosuchfs", "") }, "mounts[1]" },
        { { .mounts = PROC ",{\"destination\":\"/vol\"}" }, "mounts[1].type" },
        { { .mounts = DEV "," MOUNT("/dev", "tmpfs", "") }, "a second tmpfs on /dev" },
        { { .mounts = MOUNT("/dev", "tmpfs", "\"nodev\"") }, "nodev on /dev" },
        { { .mounts = MOUNT("/tmp", "tmpfs", "\"size=lots\"") }, "size=lots" },
        { { .mounts = MOUNT("/", "tmpfs", "") }, "mounts[0].type" },
        { { .mounts =
                "{\"destination\":\"/\",\"type\":\"overlay\",\"options\":[\"lowerdir=/a:/b\",\"upperdir=/c/d\"]}" },
          "go together" },
        { { .mounts =
                "{\"destination\":\"/\",\"type\":\"overlay\",\"options\":[\"lowerdir=/a:/b\",\"upperdir=/c/d\",\"workdir=/e/f\"]}" },
          "one directory" },
        { { .mounts = "{\"destination\":\"/\",\"type\":\"overlay\",\"options\":[\"lowerdir=/a\"]}" },
          "bind mount, not an overlay" },
        { { .mounts =
                "{\"destination\":\"/\",\"type\":\"bind\",\"source\":\"/tmp\",\"options\":[\"rshared\"]}" },
          "the root is private" },
        { { .mounts = PROC ",{\"destination\":\"/etc/from/x\",\"type\":\"tmpfs\"}" }, "mounts[1]" },
        { { .process = ",\"capabilities\":{\"effective\":[\"CAP_KILL\"]}" },
          "process.capabilities.effective" },
        { { .process = ",\"cwd\":\"/proc/no/where\"" }, "process.cwd" },
        { { .process = ",\"apparmorProfile\":\"x\"" }, "apparmorProfile" },
        { { .process = ",\"selinuxLabel\":\"x\"" }, "selinuxLabel" },
        { { .process = ",\"user\":{\"uid\":70000,\"gid\":0}", .userns = true }, "process.user.uid" },
        { { .process = ",\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[70000]}", .userns = true },
          "additionalGids" },
        { { .linux_ = ",\"rootfsPropagation\":\"sideways\"" }, "ropagation" },
        { { .linux_ = ",\"devices\":[{\"type\":\"c\",\"path\":\"/proc\",\"major\":1,\"minor\":3}]" },
          "linux.devices[0]" },
        { { .linux_ = ",\"sysctl\":{\"kernel.core_pattern\":\"x\"}" }, "linux.sysctl" },
        { { .top = ",\"annotations\":{\"org.oakum.nothing\":\"x\"}" }, "org.oakum.nothing" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int code;
        if (rows[i].k.userns)
            own_root("rootfs");
        run_it(&rows[i].k, &code);
        if (code >= 0 || !strstr(forked_err.msg, rows[i].says))
            fprintf(stderr, "row %zu (%s): code %d, %s\n", i, rows[i].says, code, forked_err.msg);
        check(code < 0);
        check_says(rows[i].says);
        struct container_state *st;
        check(container_state(rt, "c", &st, NULL) == -ENOENT);
        check(!cgroup_is_left());
        check(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
    }
}

/* Options that fail late, when the process is there already. */
static void body_wrong_options(void)
{
    struct container_exit end;
    for (int i = 0; i < 6; i++) {
        struct oci_spec *spec = draw(&(struct sketch){ .mounts = DEV "," PROC });
        struct container_options opt = options(i == 0 ? "../c" : "c");
        opt.pid_file = i == 1 ? "/no/where/pid" : NULL;
        opt.bundle = i == 2 ? "/no/where" : place;
        opt.console_socket = i == 3 || i == 4 ? "/no/where/socket" : NULL;
        opt.systemd_cgroup = i == 5;
        spec->process.terminal = i == 4;
        check(container_run(rt, spec, &opt, &end, &forked_err) < 0 && end.code == 125);
        oci_spec_free(spec);
        struct container_state *st;
        check(container_state(rt, "c", &st, NULL) == -ENOENT && !cgroup_is_left());
        check(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
    }
}

static void ignore_children(void)
{
    signal(SIGCHLD, SIG_IGN);
    int code;
    run_it(&(struct sketch){ .script = "exit 3" }, &code);
    check(code == 3);
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    void (*body)(void);
    const char *layer; /* another root to be made */
} bodies[] = {
    { "exit codes", body_exit_codes, NULL },
    { "not executed", body_not_executed, NULL },
    { "a caller that ignores SIGCHLD", ignore_children, NULL },
    { "user namespace", body_userns, NULL },
    { "the seal", body_seal, NULL },
    { "bind root", body_bind_root, "layer" },
    { "overlay root", body_overlay_root, "layer" },
    { "upper directory of another", body_upper_of_another, "layer" },
    { "masks", body_masks, NULL },
    { "devices", body_devices, NULL },
    { "bind mounts", body_binds, NULL },
    { "sysfs", body_sysfs_of_host_network, NULL },
    { "life", body_life, NULL },
    { "created only", body_created_only, NULL },
    { "exec", body_exec, NULL },
    { "killed create", body_killed_create, NULL },
    { "killed run", body_killed_run, NULL },
    { "die with parent", body_die_with_parent, NULL },
    { "wrong documents", body_wrong, NULL },
    { "wrong options", body_wrong_options, NULL },
};

static void test_bodies(void **state)
{
    NEED_ROOT();
    if (access(BUSYBOX, X_OK) < 0) {
        print_message("skipped: needs %s (Debian package busybox-static)\n", BUSYBOX);
        skip();
    }
    int wrong = 0;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    const char *only = getenv("LIFE");
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        if (only && !strstr(bodies[i].name, only))
            continue;
        assert_int_equal(setup(state), 0);
        if (bodies[i].layer)
            make_root(bodies[i].layer);
        int status = forked_status(bodies[i].body), clean = teardown(state);
        if (status != 0 || clean != 0)
            print_error("%s: %s%s\n", bodies[i].name, status != 0 ? "failed" : "",
                        clean != 0 ? "left something behind" : "");
        wrong += status != 0 || clean != 0;
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_bodies) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
