// SPDX-License-Identifier: Apache-2.0
/*
 * config.json into struct oci_spec: every field's value, and the sentence for each way in which a document
 * can be wrong.
 */
#include "oci_test.h"

#include "base/log.h"
#include "oci/spec_tables.h"

static void assert_strings(const struct oci_strings *l, const char *joined)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i < l->n; i++)
        strbuf_addf(&sb, "%s%s", i > 0 ? "|" : "", l->v[i]);
    assert_string_equal(sb.buf, joined);
}

#define assert_opt(opt, value)           \
    do {                                 \
        assert_true((opt).set);          \
        assert_true((opt).v == (value)); \
    } while (0)

static void test_process(void **state _unused_)
{
    _cleanup_free_ char *text = data_text("every-field.json");
    _cleanup_oci_spec_ struct oci_spec *spec = spec_of(text);
    const struct oci_process *p = &spec->process;
    assert_true(p->set);
    assert_false(p->terminal);
    assert_opt(p->console_height, 40);
    assert_opt(p->console_width, 0);
    assert_int_equal(p->user.uid, 0);
    assert_int_equal(p->user.gid, 7);
    assert_opt(p->user.umask, 0);
    assert_int_equal(p->user.n_additional_gids, 2);
    assert_true(p->user.additional_gids[1] == 4294967294);
    assert_strings(&p->args, "/bin/sh|-c||echo \xc3\xa9 \xf0\x9f\x98\x80");
    assert_strings(&p->env, "PATH=/bin|EMPTY=");
    assert_string_equal(p->cwd, "/srv");
    assert_true(p->capabilities.set);
    assert_strings(&p->capabilities.bounding, "CAP_NET_BIND_SERVICE|CAP_KILL");
    assert_int_equal(p->capabilities.inheritable.n, 0);
    assert_strings(&p->capabilities.ambient, "CAP_KILL");
    assert_int_equal(p->n_rlimits, 2);
    assert_string_equal(p->rlimits[0].type, "RLIMIT_CORE");
    assert_true(p->rlimits[0].hard == UINT64_MAX && p->rlimits[0].soft == 0);
    assert_true(p->rlimits[1].hard == UINT64_MAX - 2 && p->rlimits[1].soft == (uint64_t) INT64_MAX + 2);
    assert_true(p->no_new_privileges);
    assert_string_equal(p->apparmor_profile, "tight");
    assert_opt(p->oom_score_adj, -1000);
    assert_string_equal(p->scheduler.policy, "SCHED_DEADLINE");
    assert_opt(p->scheduler.nice, -20);
    assert_opt(p->scheduler.priority, 0);
    assert_strings(&p->scheduler.flags, "SCHED_FLAG_RESET_ON_FORK|SCHED_FLAG_DL_OVERRUN");
    assert_opt(p->scheduler.period, UINT64_MAX);
    assert_string_equal(p->io_priority_class, "IOPRIO_CLASS_BE");
    assert_opt(p->io_priority, 0);
    assert_string_equal(p->cpu_affinity_initial, "7");
    assert_string_equal(p->cpu_affinity_final, "0-3,7");
}

static void test_top(void **state _unused_)
{
    _cleanup_free_ char *text = data_text("every-field.json");
    _cleanup_oci_spec_ struct oci_spec *spec = spec_of(text);
    assert_string_equal(spec->oci_version, "1.3.0");
    assert_string_equal(spec->root_path, "rootfs");
    assert_false(spec->root_readonly);
    assert_string_equal(spec->hostname, "box");
    assert_string_equal(spec->domainname, "example.test");
    assert_int_equal(spec->n_mounts, 3);
    assert_null(spec->mounts[0].options.v);
    assert_string_equal(spec->mounts[1].destination, "data");
    assert_strings(&spec->mounts[1].options, "rbind|ro|idmap");
    assert_int_equal(spec->mounts[1].uid_mappings.n, 2);
    assert_int_equal(spec->mounts[1].uid_mappings.v[1].host_id, 5000);
    assert_null(spec->mounts[2].source); /* "" is absent */
    assert_int_equal(spec->hooks[OCI_HOOK_PRESTART].n, 1);
    assert_strings(&spec->hooks[OCI_HOOK_PRESTART].v[0].args, "first|-x");
    assert_opt(spec->hooks[OCI_HOOK_PRESTART].v[0].timeout, 5);
    assert_string_equal(spec->hooks[OCI_HOOK_START_CONTAINER].v[0].path, "/usr/bin/fourth");
    assert_int_equal(spec->hooks[OCI_HOOK_POSTSTART].n, 0);
    assert_opt(spec->hooks[OCI_HOOK_POSTSTOP].v[0].timeout, INT32_MAX);
    assert_int_equal(spec->annotations.n, 3);
    assert_string_equal(oci_pairs_get(&spec->annotations, "empty"), "");
    assert_null(oci_pairs_get(&spec->annotations, "none"));
}

static void test_extra(void **state _unused_)
{
    _cleanup_free_ char *text = data_text("every-field.json");
    _cleanup_oci_spec_ struct oci_spec *spec = spec_of(text);
    static const char *const paths[] = {
        "process.commandLine",
        "process.rlimits[1].x-note",
        "mounts[1].gidMappings[0].x-why",
        "linux.namespaces[3].x-owner",
        "vm",
        "x-extension",
    };
    assert_int_equal(json_object_size(spec->extra), ARRAY_LEN(paths));
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        assert_non_null(json_object_get(spec->extra, paths[i]));
    uint64_t note;
    assert_true(oci_json_to_u64(json_object_get(spec->extra, "process.rlimits[1].x-note"), &note));
    assert_true(note == 9223372036854775811u);
}

static void test_resources(void **state _unused_)
{
    _cleanup_free_ char *text = data_text("every-field.json");
    _cleanup_oci_spec_ struct oci_spec *spec = spec_of(text);
    const struct oci_resources *r = &spec->linux_.resources;
    assert_int_equal(r->n_devices, 2);
    assert_false(r->devices[0].allow);
    assert_null(r->devices[0].type);
    assert_false(r->devices[0].major.set);
    assert_opt(r->devices[1].minor, -1);
    assert_opt(r->memory.limit, 0);
    assert_opt(r->memory.swap, -1);
    assert_opt(r->memory.kernel_tcp, INT64_MAX);
    assert_opt(r->memory.swappiness, 0);
    assert_opt(r->memory.disable_oom_killer, false);
    assert_opt(r->memory.use_hierarchy, true);
    assert_opt(r->cpu.shares, 0);
    assert_opt(r->cpu.quota, -1);
    assert_opt(r->cpu.realtime_period, UINT64_MAX);
    assert_string_equal(r->cpu.cpus, "0-1");
    assert_opt(r->cpu.idle, 0);
    assert_opt(r->pids_limit, 0);
    assert_opt(r->block_io.weight, 0);
    assert_int_equal(r->block_io.n_weight_devices, 1);
    assert_opt(r->block_io.weight_devices[0].weight, 500);
    assert_true(r->block_io.write_bps.v[0].rate == UINT64_MAX);
    assert_int_equal(r->block_io.write_iops.v[0].minor, 1048575);
    assert_int_equal(r->n_hugepages, 2);
    assert_true(r->hugepages[0].limit == (uint64_t) INT64_MAX + 1);
    assert_opt(r->network_class_id, 0);
    assert_string_equal(r->network_priorities[0].name, "eth0");
    assert_string_equal(r->rdma[0].device, "mlx5_1");
    assert_opt(r->rdma[0].hca_objects, 0);
    assert_string_equal(oci_pairs_get(&r->unified, "memory.high"), "1073741824");
}

static void test_linux(void **state _unused_)
{
    _cleanup_free_ char *text = data_text("every-field.json");
    _cleanup_oci_spec_ struct oci_spec *spec = spec_of(text);
    const struct oci_linux *l = &spec->linux_;
    assert_true(l->set);
    assert_true(l->gid_mappings.v[0].host_id == 4294901759);
    assert_true(l->time_offsets_set);
    assert_int_equal(l->monotonic_secs, -86400);
    assert_int_equal(l->boottime_nanosecs, 999999999);
    assert_string_equal(oci_pairs_get(&l->sysctl, "net.core.somaxconn"), "256");
    assert_string_equal(l->cgroups_path, "/machine/box");
    for (size_t i = 0; i < OCI_NS_KINDS; i++)
        assert_true(l->namespaces[i].set);
    assert_string_equal(l->namespaces[OCI_NS_NETWORK].path, "/run/netns/a");
    assert_null(l->namespaces[OCI_NS_MOUNT].path);
    assert_int_equal(l->n_devices, 3);
    assert_opt(l->devices[0].file_mode, 8576);
    assert_false(l->devices[1].uid.set);
    assert_int_equal(l->n_net_devices, 2);
    assert_string_equal(l->net_devices[0].host_name, "eth1");
    assert_string_equal(l->net_devices[0].name, "inside%d");
    assert_null(l->net_devices[1].name);
    assert_string_equal(l->rootfs_propagation, "slave");
    assert_strings(&l->masked_paths, "/proc/kcore");
    assert_strings(&l->readonly_paths, "/proc/sys|/proc/bus");
    assert_true(l->intel_rdt.set);
    assert_strings(&l->intel_rdt.schemata, "L3:0=7f0;1=1f|MB:0=20");
    assert_opt(l->intel_rdt.enable_cmt, false);
    assert_opt(l->intel_rdt.enable_monitoring, true);
    assert_string_equal(l->memory_policy_mode, "MPOL_INTERLEAVE");
    assert_string_equal(l->memory_policy_nodes, "2-3");
    assert_string_equal(l->personality_domain, "LINUX32");
}

static void test_seccomp(void **state _unused_)
{
    _cleanup_free_ char *text = data_text("every-field.json");
    _cleanup_oci_spec_ struct oci_spec *spec = spec_of(text);
    const struct oci_seccomp *s = &spec->linux_.seccomp;
    assert_true(s->set);
    assert_int_equal(s->default_action, OCI_ACT_ERRNO);
    assert_opt(s->default_errno_ret, 0);
    assert_strings(&s->architectures, "SCMP_ARCH_X86_64|SCMP_ARCH_AARCH64");
    assert_string_equal(s->listener_metadata, "who");
    assert_int_equal(s->n_rules, 3);
    assert_strings(&s->rules[0].names, "read|write");
    assert_int_equal(s->rules[2].action, OCI_ACT_KILL);
    assert_opt(s->rules[1].errno_ret, 97);
    assert_int_equal(s->rules[1].n_args, 2);
    assert_true(s->rules[1].args[0].value == UINT64_MAX - 1);
    assert_int_equal(s->rules[1].args[0].op, OCI_CMP_MASKED_EQ);
    assert_int_equal(s->rules[1].args[1].index, 5);
}

static const struct field *seen[256];
static size_t n_seen;

static void mark(const struct field_object *o, const struct doc *d)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct field *f = &o->fields[i];
        const struct doc *v = doc_get(d, f->key);
        if (v == NULL)
            continue;
        assert_true(n_seen < ARRAY_LEN(seen));
        seen[n_seen++] = f;
        if (f->kind == FIELD_OBJECT)
            mark(f->object, v);
        for (uint32_t k = 0; f->kind == FIELD_LIST && k < v->n; k++)
            mark(f->object, &v->items[k]);
        for (uint32_t k = 0; f->kind == FIELD_MAP && k < v->n; k++)
            mark(f->object, &v->members[k].value);
    }
}

static void assert_marked(const struct field_object *o, const char *path)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct field *f = &o->fields[i];
        _cleanup_free_ char *where = xasprintf("%s.%s", path, f->key);
        size_t k = 0;
        while (k < n_seen && seen[k] != f)
            k++;
        if (k == n_seen)
            fail_msg("every-field.json lacks %s", where);
        if (f->object != NULL)
            assert_marked(f->object, where);
    }
}

/* Every member of every table occurs in every-field.json, so that these tests and the round trip see all of it. */
static void test_complete(void **state _unused_)
{
    _cleanup_free_ char *text = data_text("every-field.json");
    _cleanup_oci_spec_ struct oci_spec *spec = spec_of(text);
    mark(&oci_spec_object, spec->origin);
    assert_marked(&oci_spec_object, "");
}

static void test_versions(void **state _unused_)
{
    static const char *const good[] = { "1.0.0",          "1.0.2-dev",  "1.1.0+dev", "1.2.1",      "1.3.0",
                                        "1.0.0-rc.1.x-y", "1.0.0-0a.b", "1.99.0",    "1.0.0-1+001" };
    static const struct {
        const char *version, *message;
    } bad[] = {
        { "", "ociVersion: \"\" is not a version such as 1.0.2" },
        { "1", "ociVersion: \"1\" is not a version such as 1.0.2" },
        { "1.0", "ociVersion: \"1.0\" is not a version such as 1.0.2" },
        { "1.0.", "ociVersion: \"1.0.\" is not a version such as 1.0.2" },
        { "v1.0.0", "ociVersion: \"v1.0.0\" is not a version such as 1.0.2" },
        { "1.02.0", "ociVersion: \"1.02.0\" is not a version such as 1.0.2" },
        { "1.0.0-", "ociVersion: \"1.0.0-\" is not a version such as 1.0.2" },
        { "1.0.0-01", "ociVersion: \"1.0.0-01\" is not a version such as 1.0.2" },
        { "1.0.0-a..b", "ociVersion: \"1.0.0-a..b\" is not a version such as 1.0.2" },
        { "1.0.0+", "ociVersion: \"1.0.0+\" is not a version such as 1.0.2" },
        { "1.0.0 ", "ociVersion: \"1.0.0 \" is not a version such as 1.0.2" },
        { "0.5.0-dev", "ociVersion: \"0.5.0-dev\" is not supported, only 1.x is" },
        { "2.0.0", "ociVersion: \"2.0.0\" is not supported, only 1.x is" },
        { "10.0.0", "ociVersion: \"10.0.0\" is not supported, only 1.x is" },
    };
    log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "test"); /* the warning for 1.99.0 */
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        _cleanup_free_ char *text = xasprintf("{\"ociVersion\": \"%s\"}", good[i]);
        _cleanup_oci_spec_ struct oci_spec *spec = spec_of(text);
        assert_string_equal(spec->oci_version, good[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        _cleanup_free_ char *text = xasprintf("{\"ociVersion\": \"%s\"}", bad[i].version);
        struct oci_spec *spec = NULL;
        struct error err = { 0 };
        assert_int_equal(oci_spec_parse(text, strlen(text), &spec, &err), -EINVAL);
        assert_string_equal(err.msg, bad[i].message);
    }
}

/* What stands behind {"ociVersion": "1.0.0", ; single quotes are double ones. */
static const struct {
    const char *rest, *message;
} errors[] = {
    /* The document */
    { "'hostname': 1}", "hostname: must be a string" },
    { "'hostname': 'a', 'hostname': 'b'}", "config.json: duplicate key \"hostname\" (line 1, column 42)" },
    { "'linux': {'resources': {'pids': {'limit': 1, 'limit': 2}}}}",
      "config.json: linux.resources.pids: duplicate key \"limit\" (line 1, column 70)" },
    { "'mounts': [{'destination'",
      "config.json: mounts[0].destination: ':' expected near end of file (line 1, column 50)" },
    { "'hostname': 'a\\u0000b'}",
      "config.json: hostname: a string must not contain NUL (line 1, column 37)" },
    { "'root': {'path': ''}}", "root.path: must not be empty" },
    { "'root': {}}", "root.path: is required" },
    { "'root': {'path': null}}", "root.path: is required" },
    { "'root': {'path': 'r', 'readonly': 1}}", "root.readonly: must be true or false" },
    { "'root': []}", "root: must be an object" },
    { "'annotations': {'a': 1}}", "annotations.a: must be a string" },
    { "'annotations': {'a.b': {}}}", "annotations[\"a.b\"]: must be a string" },
    { "'annotations': {'': 'x'}}", "annotations: a key must not be empty" },
    { "'annotations': ['x']}", "annotations: must be an object" },
    /* mounts */
    { "'mounts': {}}", "mounts: must be an array" },
    { "'mounts': ['/proc']}", "mounts[0]: must be an object" },
    { "'mounts': [{'destination': '/a'}, {'type': 'proc'}]}", "mounts[1].destination: is required" },
    { "'mounts': [{'destination': '/a', 'options': 'ro'}]}", "mounts[0].options: must be an array" },
    { "'mounts': [{'destination': '/a', 'options': ['ro', 3]}]}", "mounts[0].options[1]: must be a string" },
    { "'mounts': [{'destination': '/a', 'uidMappings': [{'containerID': 0, 'hostID': 0, 'size': 1}]}]}",
      "mounts[0]: uidMappings and gidMappings must be given together" },
    /* process */
    { "'process': {}}", "process.user: is required" },
    { "'process': {'user': {'gid': 0}}}", "process.user.uid: is required" },
    { "'process': {'user': {'uid': 4294967296, 'gid': 0}}}",
      "process.user.uid: 4294967296 is out of range (0..4294967294)" },
    { "'process': {'user': {'uid': 4294967295, 'gid': 0}}}",
      "process.user.uid: 4294967295 is out of range (0..4294967294)" },
    { "'process': {'user': {'uid': -1, 'gid': 0}}}", "process.user.uid: -1 is out of range (0..4294967294)" },
    { "'process': {'user': {'uid': 1.0, 'gid': 0}}}", "process.user.uid: must be an integer" },
    { "'process': {'user': {'uid': '0', 'gid': 0}}}", "process.user.uid: must be an integer" },
    { "'process': {'user': {'uid': 0, 'gid': 0, 'umask': 512}}}",
      "process.user.umask: 512 is out of range (0..511)" },
    { "'process': {'user': {'uid': 0, 'gid': 0, 'additionalGids': [1, true]}}}",
      "process.user.additionalGids[1]: must be an integer" },
    { "'process': {'user': {'uid': 0, 'gid': 0}, 'cwd': '/'}}", "process.args: is required" },
    { "'process': {'user': {'uid': 0, 'gid': 0}, 'cwd': '/', 'args': []}}",
      "process.args: must have at least one entry" },
    { "'process': {'user': {'uid': 0, 'gid': 0}, 'args': ['a']}}", "process.cwd: is required" },
    { "'process': {'user': {'uid': 0, 'gid': 0}, 'args': ['a'], 'cwd': 'srv'}}",
      "process.cwd: \"srv\" must be an absolute path" },
#define PROCESS "'process': {'user': {'uid': 0, 'gid': 0}, 'args': ['a'], 'cwd': '/', "
    { PROCESS "'terminal': 'yes'}}", "process.terminal: must be true or false" },
    { PROCESS "'capabilities': ['CAP_KILL']}}", "process.capabilities: must be an object" },
    { PROCESS "'rlimits': [{'type': 'RLIMIT_X', 'hard': 1, 'soft': 1}]}}",
      "process.rlimits[0].type: unknown resource limit \"RLIMIT_X\"" },
    { PROCESS "'rlimits': [{'type': 'RLIMIT_CPU', 'hard': 1, 'soft': 2}]}}",
      "process.rlimits[0].soft: 2 is more than hard, 1" },
    { PROCESS
      "'rlimits': [{'type': 'RLIMIT_CPU', 'hard': 1, 'soft': 1}, {'type': 'RLIMIT_CPU', 'hard': 1, 'soft': 1}]}}",
      "process.rlimits: duplicate type \"RLIMIT_CPU\" (entries 0 and 1)" },
    { PROCESS "'rlimits': [{'type': 'RLIMIT_CPU', 'hard': 1}]}}", "process.rlimits[0].soft: is required" },
    { PROCESS "'oomScoreAdj': 1001}}", "process.oomScoreAdj: 1001 is out of range (-1000..1000)" },
    { PROCESS "'oomScoreAdj': 18446744073709551615}}",
      "process.oomScoreAdj: 18446744073709551615 is out of range (-1000..1000)" },
    { PROCESS "'scheduler': {'nice': 1}}}", "process.scheduler.policy: is required" },
    { PROCESS "'scheduler': {'policy': 'SCHED_FAST'}}}",
      "process.scheduler.policy: unknown scheduling policy \"SCHED_FAST\"" },
    { PROCESS "'scheduler': {'policy': 'SCHED_IDLE', 'flags': ['X']}}}",
      "process.scheduler.flags[0]: unknown scheduling flag \"X\"" },
    { PROCESS "'ioPriority': {'class': 'IOPRIO_CLASS_RT', 'priority': 8}}}",
      "process.ioPriority.priority: 8 is out of range (0..7)" },
    { PROCESS "'execCPUAffinity': {'final': 'all'}}}",
      "process.execCPUAffinity.final: \"all\" is not a list of CPUs" },
    { PROCESS "'consoleSize': {'height': 1}}}", "process.consoleSize.width: is required" },
    /* hooks */
    { "'hooks': {'prestart': [{'path': 'bin/x'}]}}",
      "hooks.prestart[0].path: \"bin/x\" must be an absolute path" },
    { "'hooks': {'poststop': [{'path': '/x', 'timeout': 0}]}}",
      "hooks.poststop[0].timeout: 0 is out of range (1..2147483647)" },
    { "'hooks': {'poststop': [{'args': []}]}}", "hooks.poststop[0].path: is required" },
    /* linux */
    { "'linux': {'namespaces': [{'type': 'pid'}, {'type': 'ipc'}, {'type': 'foo'}]}}",
      "linux.namespaces[2].type: unknown namespace \"foo\"" },
    { "'linux': {'namespaces': [{'type': 'pid'}, {'type': 'pid'}]}}",
      "linux.namespaces[1].type: duplicate namespace \"pid\"" },
    { "'linux': {'namespaces': [{'path': '/x'}]}}", "linux.namespaces[0].type: is required" },
    { "'linux': {'namespaces': [{'type': 'pid', 'path': 'x'}]}}",
      "linux.namespaces[0].path: \"x\" must be an absolute path" },
    { "'linux': {'uidMappings': [{'containerID': 0, 'hostID': 4294967295, 'size': 1}]}}",
      "linux.uidMappings[0]: 1 ids from hostID 4294967295 are more than there are" },
    { "'linux': {'gidMappings': [{'containerID': 4294901760, 'hostID': 0, 'size': 65536}]}}",
      "linux.gidMappings[0]: 65536 ids from containerID 4294901760 are more than there are" },
    { "'linux': {'uidMappings': [{'containerID': 0, 'hostID': 1, 'size': 0}]}}",
      "linux.uidMappings[0].size: 0 is out of range (1..4294967295)" },
    { "'linux': {'uidMappings': [{'containerID': 0, 'hostID': 1, 'size': 2}, {'containerID': 5, 'hostID': 2, 'size': 2}]}}",
      "linux.uidMappings: entries 0 and 1 overlap" },
    { "'linux': {'devices': [{'path': 'dev/x', 'type': 'c'}]}}",
      "linux.devices[0].path: \"dev/x\" must be an absolute path" },
    { "'linux': {'devices': [{'path': '/dev/x', 'type': 'd'}]}}",
      "linux.devices[0].type: unknown device type \"d\"" },
    { "'linux': {'devices': [{'path': '/dev/x', 'type': 'c', 'major': 1}]}}",
      "linux.devices[0].minor: is required" },
    { "'linux': {'devices': [{'path': '/dev/x', 'type': 'c', 'major': 4096, 'minor': 1}]}}",
      "linux.devices[0].major: 4096 is out of range (0..4095)" },
    { "'linux': {'netDevices': {'a/b': {}}}}", "linux.netDevices[\"a/b\"]: is not an interface name" },
    { "'linux': {'netDevices': {'eth0': {'name': '0123456789abcdef'}}}}",
      "linux.netDevices.eth0.name: \"0123456789abcdef\" is not an interface name" },
    { "'linux': {'timeOffsets': {'realtime': {}}}}", "linux.timeOffsets: unknown clock \"realtime\"" },
    { "'linux': {'timeOffsets': {'boottime': {'nanosecs': 1000000000}}}}",
      "linux.timeOffsets.boottime.nanosecs: 1000000000 is out of range (0..999999999)" },
    { "'linux': {'rootfsPropagation': 'both'}}", "linux.rootfsPropagation: unknown propagation \"both\"" },
    { "'linux': {'maskedPaths': ['/a', 'b']}}", "linux.maskedPaths[1]: \"b\" must be an absolute path" },
    { "'linux': {'intelRdt': {'closID': '../x'}}}",
      "linux.intelRdt.closID: \"../x\" is not a directory name" },
    { "'linux': {'intelRdt': {'memBwSchema': 'L3:0=1'}}}",
      "linux.intelRdt.memBwSchema: must begin with \"MB:\"" },
    { "'linux': {'intelRdt': {'schemata': ['a\\nb']}}}",
      "linux.intelRdt.schemata: entry 0 contains a newline" },
    { "'linux': {'memoryPolicy': {'nodes': '0'}}}", "linux.memoryPolicy.mode: is required" },
    { "'linux': {'memoryPolicy': {'mode': 'MPOL_X'}}}",
      "linux.memoryPolicy.mode: unknown memory policy \"MPOL_X\"" },
    { "'linux': {'personality': {}}}", "linux.personality.domain: is required" },
    /* linux.resources */
    { "'linux': {'resources': {'pids': {'limit': 1.5}}}}", "linux.resources.pids.limit: must be an integer" },
    { "'linux': {'resources': {'pids': {'limit': 9223372036854775808}}}}",
      "linux.resources.pids.limit: 9223372036854775808 is out of range (-9223372036854775808..9223372036854775807)" },
    { "'linux': {'resources': {'memory': {'limit': -2}}}}",
      "linux.resources.memory.limit: -2 is out of range (-1..9223372036854775807)" },
    { "'linux': {'resources': {'memory': {'swappiness': 101}}}}",
      "linux.resources.memory.swappiness: 101 is out of range (0..100)" },
    { "'linux': {'resources': {'cpu': {'burst': 11, 'quota': 10}}}}",
      "linux.resources.cpu.burst: 11 is more than quota, 10" },
    { "'linux': {'resources': {'cpu': {'idle': 2}}}}", "linux.resources.cpu.idle: 2 is out of range (0..1)" },
    { "'linux': {'resources': {'blockIO': {'weight': 65536}}}}",
      "linux.resources.blockIO.weight: 65536 is out of range (0..65535)" },
    { "'linux': {'resources': {'blockIO': {'weightDevice': [{'major': 1, 'minor': 1}]}}}}",
      "linux.resources.blockIO.weightDevice[0]: must have weight or leafWeight" },
    { "'linux': {'resources': {'hugepageLimits': [{'pageSize': '64kB', 'limit': 1}]}}}",
      "linux.resources.hugepageLimits[0].pageSize: \"64kB\" is not a page size such as 2MB or 1GB" },
    { "'linux': {'resources': {'hugepageLimits': [{'pageSize': '2MB', 'limit': 18446744073709551616}]}}}",
      "config.json: linux.resources.hugepageLimits[0].limit: too big integer near '18446744073709551616' (line 1, column 97)" },
    { "'linux': {'resources': {'devices': [{'access': 'r'}]}}}",
      "linux.resources.devices[0].allow: is required" },
    { "'linux': {'resources': {'devices': [{'allow': true, 'access': 'rx'}]}}}",
      "linux.resources.devices[0].access: \"rx\" has other letters than r, w and m" },
    { "'linux': {'resources': {'rdma': {'mlx': {}}}}}",
      "linux.resources.rdma.mlx: must have hcaHandles or hcaObjects" },
    { "'linux': {'resources': {'unified': {'../x': '1'}}}}",
      "linux.resources.unified: \"../x\" is not a file name" },
    { "'linux': {'resources': {'network': {'priorities': [{'name': 'a b', 'priority': 1}]}}}}",
      "linux.resources.network.priorities[0].name: \"a b\" is not an interface name" },
    /* linux.seccomp */
    { "'linux': {'seccomp': {}}}", "linux.seccomp.defaultAction: is required" },
#define SECCOMP "'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', "
    { SECCOMP "'defaultErrnoRet': 1}}}", "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW has no errno" },
    { SECCOMP "'architectures': ['x86']}}}", "linux.seccomp.architectures[0]: unknown architecture \"x86\"" },
    { SECCOMP "'flags': ['X']}}}", "linux.seccomp.flags[0]: unknown filter flag \"X\"" },
    { SECCOMP "'listenerMetadata': 'x'}}}",
      "linux.seccomp.listenerMetadata: must not be given without listenerPath" },
    { SECCOMP "'syscalls': [{'names': [], 'action': 'SCMP_ACT_LOG'}]}}}",
      "linux.seccomp.syscalls[0].names: must have at least one entry" },
    { SECCOMP "'syscalls': [{'names': [''], 'action': 'SCMP_ACT_LOG'}]}}}",
      "linux.seccomp.syscalls[0].names: entry 0 is empty" },
    { SECCOMP "'syscalls': [{'names': ['a'], 'action': 'ALLOW'}]}}}",
      "linux.seccomp.syscalls[0].action: unknown action \"ALLOW\"" },
    { SECCOMP "'syscalls': [{'names': ['a'], 'action': 'SCMP_ACT_LOG', 'errnoRet': 1}]}}}",
      "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_LOG has no errno" },
    { SECCOMP
      "'syscalls': [{'names': ['a'], 'action': 'SCMP_ACT_LOG', 'args': [{'index': 6, 'value': 0, 'op': 'SCMP_CMP_EQ'}]}]}}}",
      "linux.seccomp.syscalls[0].args[0].index: 6 is out of range (0..5)" },
    { SECCOMP
      "'syscalls': [{'names': ['a'], 'action': 'SCMP_ACT_LOG', 'args': [{'index': 0, 'value': -1, 'op': 'SCMP_CMP_EQ'}]}]}}}",
      "linux.seccomp.syscalls[0].args[0].value: -1 is out of range (0..18446744073709551615)" },
    { SECCOMP
      "'syscalls': [{'names': ['a'], 'action': 'SCMP_ACT_LOG', 'args': [{'index': 0, 'value': 1, 'op': 'EQ'}]}]}}}",
      "linux.seccomp.syscalls[0].args[0].op: unknown operator \"EQ\"" },
};

static void test_errors(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        _cleanup_free_ char *rest = quoted(errors[i].rest);
        _cleanup_free_ char *text = xasprintf("{\"ociVersion\": \"1.0.0\", %s", rest);
        struct oci_spec *spec = NULL;
        struct error err = { 0 };
        if (oci_spec_parse(text, strlen(text), &spec, &err) != -EINVAL)
            fail_msg("accepted: %s", text);
        assert_null(spec);
        assert_string_equal(err.msg, errors[i].message);
    }
}

static void test_missing_version(void **state _unused_)
{
    struct oci_spec *spec = NULL;
    struct error err = { 0 };
    assert_int_equal(oci_spec_parse("{}", 2, &spec, &err), -EINVAL);
    assert_string_equal(err.msg, "ociVersion: is required");
    assert_int_equal(oci_spec_parse("[]", 2, &spec, &err), -EINVAL);
    assert_string_equal(err.msg, "must be an object");
    assert_int_equal(oci_spec_parse("", 0, &spec, NULL), -EINVAL);
}

/* Every cut of a whole document is an error, never a crash, never a document. */
static void test_truncated(void **state _unused_)
{
    _cleanup_free_ char *text = data_text("runc.json");
    size_t end = strlen(text);
    while (text[end - 1] != '}')
        end--;
    for (size_t n = 0; n < end; n++) {
        struct oci_spec *spec = NULL;
        _cleanup_free_ char *cut = malloc(n > 0 ? n
                                                : 1); /* exact, so that a sanitizer sees a read beyond it */
        memcpy(cut, text, n);
        assert_int_equal(oci_spec_parse(cut, n, &spec, NULL), -EINVAL);
    }
}

static void test_process_alone(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_free_ char *good = quoted(
        "{'user': {'uid': 1, 'gid': 2}, 'args': ['id'], 'cwd': '/', 'env': ['A=b']}");
    struct oci_process p = { 0 };
    struct error err = { 0 };
    assert_int_equal(oci_process_parse(good, strlen(good), a, &p, &err), 0);
    memset(good, 'x', strlen(good)); /* nothing points into the text */
    assert_true(p.set);
    assert_int_equal(p.user.gid, 2);
    assert_strings(&p.args, "id");
    assert_strings(&p.env, "A=b");
    _cleanup_free_ char *bad = quoted("{'user': {'uid': 1, 'gid': 2}, 'args': ['id'], 'cwd': 'x'}");
    assert_int_equal(oci_process_parse(bad, strlen(bad), a, &p, &err), -EINVAL);
    assert_string_equal(err.msg, "process.cwd: \"x\" must be an absolute path");
    assert_strings(&p.args, "id"); /* as it was */
}

static void test_resources_alone(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct oci_resources r = { 0 };
    struct error err = { 0 };
    static const char good[] = "{\"pids\": {\"limit\": 5}, \"memory\": {}}",
                      bad[] = "{\"pids\": {\"limit\": \"5\"}}";
    assert_int_equal(oci_resources_parse(good, strlen(good), a, &r, &err), 0);
    assert_opt(r.pids_limit, 5);
    assert_int_equal(oci_resources_parse(bad, strlen(bad), a, &r, &err), -EINVAL);
    assert_string_equal(err.msg, "resources.pids.limit: must be an integer");
}

static void test_seccomp_alone(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct oci_seccomp s = { 0 };
    struct error err = { 0 };
    json_t *j = json_of(
        "{\"defaultAction\": \"SCMP_ACT_LOG\", \"x\": 1, \"syscalls\": [{\"names\": [\"read\"], \"action\": "
        "\"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 1, \"value\": 18446744073709551615, \"op\": \"SCMP_CMP_LE\"}]}]}");
    assert_int_equal(oci_seccomp_from_json(j, "seccomp", a, &s, &err), 0);
    _cleanup_json_ json_t *back = oci_seccomp_to_json(&s);
    assert_true(json_equal(j, back));
    json_decref(j); /* s does not point into it */
    assert_int_equal(s.default_action, OCI_ACT_LOG);
    assert_true(s.rules[0].args[0].value == UINT64_MAX);
    assert_strings(&s.rules[0].names, "read");
    _cleanup_json_ json_t *bad = json_of("{\"defaultAction\": 1}");
    assert_int_equal(oci_seccomp_from_json(bad, "profile \"a\"", a, &s, &err), -EINVAL);
    assert_string_equal(err.msg, "profile \"a\".defaultAction: must be a string");
    assert_int_equal(oci_seccomp_from_json(bad, NULL, a, &s, &err), -EINVAL);
    assert_string_equal(err.msg, "defaultAction: must be a string");
}

static void test_names(void **state _unused_)
{
    enum oci_seccomp_action action = OCI_ACT_LOG;
    enum oci_seccomp_op op = OCI_CMP_NE;
    assert_string_equal(oci_namespace_name(OCI_NS_PID), "pid");
    assert_string_equal(oci_namespace_name(OCI_NS_TIME), "time");
    assert_string_equal(oci_hook_name(OCI_HOOK_POSTSTOP), "poststop");
    assert_string_equal(oci_seccomp_action_name(OCI_ACT_NOTIFY), "SCMP_ACT_NOTIFY");
    assert_string_equal(oci_seccomp_op_name(OCI_CMP_MASKED_EQ), "SCMP_CMP_MASKED_EQ");
    assert_string_equal(oci_seccomp_action_name((enum oci_seccomp_action) 99), "?");
    assert_int_equal(oci_seccomp_action_parse("SCMP_ACT_KILL_PROCESS", &action), 0);
    assert_int_equal(action, OCI_ACT_KILL_PROCESS);
    assert_int_equal(oci_seccomp_action_parse("SCMP_ACT_NONE", &action), -EINVAL);
    assert_int_equal(oci_seccomp_op_parse("SCMP_CMP_GT", &op), 0);
    assert_int_equal(op, OCI_CMP_GT);
    assert_int_equal(oci_seccomp_op_parse("", &op), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_process),         cmocka_unit_test(test_top),
        cmocka_unit_test(test_extra),           cmocka_unit_test(test_resources),
        cmocka_unit_test(test_linux),           cmocka_unit_test(test_seccomp),
        cmocka_unit_test(test_complete),        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_errors),          cmocka_unit_test(test_missing_version),
        cmocka_unit_test(test_truncated),       cmocka_unit_test(test_process_alone),
        cmocka_unit_test(test_resources_alone), cmocka_unit_test(test_seccomp_alone),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
