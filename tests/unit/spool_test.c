/* spool_test.c - a folder of results: what is made, refused and removed, and what is left alone. */
#include "harness.h"

#include "spool/spool.h"
#include "spool/spool_file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char             folder[64];
static uint64_t         most = 10;
static struct tn_worker worker; /* no timer runs */

static bool owns(const char *name)
{
    return strstr(name, ".part") != NULL;
}

static struct tn_spool_limits limits(struct tn_spool *spool)
{
    (void)spool;
    return (struct tn_spool_limits){.max_age_s = 60, .max_bytes = most};
}

static void open_spool(struct tn_spool *spool)
{
    *spool = (struct tn_spool){.folder = folder, .worker = &worker, .owns = owns, .limits = limits, .passing = true};
    tn_spool_open(spool);
}

static bool is_there(const struct tn_spool *spool, const char *id, const char *end)
{
    char path[TN_SPOOL_PATH];

    return tn_spool_path(spool, id, end, path, sizeof path) && access(path, F_OK) == 0;
}

static void test_room(void)
{
    struct tn_spool spool;
    struct stat     about;

    open_spool(&spool);
    CU_ASSERT_EQUAL(stat(folder, &about), -1); /* made when it is needed */
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "a", "part", TN_STR("123456")), 0);
    CU_ASSERT(stat(folder, &about) == 0 && (about.st_mode & 0777) == 0700);
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "b", "part", TN_STR("12345")), EDQUOT);
    CU_ASSERT(is_there(&spool, "a", "part") && !is_there(&spool, "b", "part"));
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "b", "part", TN_STR("1234")), 0);
    CU_ASSERT_EQUAL(tn_spool_drop(&spool, "a", "part"), 0);
    CU_ASSERT_EQUAL(tn_spool_drop(&spool, "a", "part"), ENOENT);
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "c", "part", TN_STR("123456")), 0);
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "x/y", "part", TN_STR("")), ENOENT); /* and takes no room */
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "d", "part", TN_STR("")), 0);
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "d", "part", TN_STR("1")), EDQUOT);
    tn_spool_close(&spool);
    CU_ASSERT(!is_there(&spool, "b", "part") && !is_there(&spool, "c", "part"));
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void test_others(void)
{
    struct tn_spool mine, other;

    open_spool(&mine);
    CU_ASSERT_EQUAL(tn_spool_put(&mine, "a", "part", TN_STR("1")), 0);
    CU_ASSERT_EQUAL(tn_spool_put(&mine, "note", "txt", TN_STR("1")), 0);
    open_spool(&other); /* of another program there */
    CU_ASSERT(is_there(&mine, "a", "part"));
    CU_ASSERT_EQUAL(tn_spool_put(&other, "b", "part", TN_STR("1")), 0);
    tn_spool_close(&mine);
    CU_ASSERT(is_there(&other, "a", "part") && is_there(&other, "b", "part"));
    tn_spool_close(&other);
    CU_ASSERT(!is_there(&other, "a", "part") && !is_there(&other, "b", "part") && is_there(&other, "note", "txt"));
    open_spool(&mine);
    CU_ASSERT_EQUAL(tn_spool_drop(&mine, "note", "txt"), 0);
    tn_spool_close(&mine);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

/* Another program's sweep takes an old file of ours; nothing told us, and there is room again all the same. */
static void test_taken_by_others(void)
{
    struct tn_test_env env;
    struct tn_spool    spool;
    char               path[TN_SPOOL_PATH];

    tn_test_env_init(&env);
    spool = (struct tn_spool){.folder = folder, .worker = env.worker, .offload = env.pool, .owns = owns, .limits = limits, .passing = true};
    tn_spool_open(&spool);
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "a", "part", TN_STR("123456")), 0);
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "b", "part", TN_STR("1")), 0);
    CU_ASSERT(tn_spool_path(&spool, "a", "part", path, sizeof path) && unlink(path) == 0);
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "c", "part", TN_STR("123456")), EDQUOT);
    tn_spool_start(&spool);
    TN_TEST_WAIT(&env, atomic_load(&spool.bytes) == 1 && !spool.busy);
    CU_ASSERT_EQUAL(tn_spool_put(&spool, "c", "part", TN_STR("123456")), 0);
    tn_spool_close(&spool);
    tn_test_env_free(&env);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void test_paths(void)
{
    struct tn_spool spool;
    char            path[16], longer[TN_SPOOL_PATH + 1];

    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    open_spool(&spool);
    CU_ASSERT_FALSE(tn_spool_path(&spool, "aaaaaaaaaaaaaaaa", "b", path, sizeof path));
    CU_ASSERT_EQUAL(tn_spool_put(&spool, longer, "part", TN_STR("")), ENAMETOOLONG);
    CU_ASSERT_EQUAL(tn_spool_drop(&spool, longer, "part"), ENAMETOOLONG);
    tn_spool_close(&spool);
}

/* What somebody else put where a result was: it is not read, and a pipe not waited for. */
static void test_no_files_of_ours(void)
{
    char          file[96], link[96], pipe[96], part[96];
    struct tn_buf out;

    snprintf(file, sizeof file, "%s/file", folder);
    snprintf(link, sizeof link, "%s/link", folder);
    snprintf(pipe, sizeof pipe, "%s/pipe", folder);
    snprintf(part, sizeof part, "%s/part", folder);
    mkdir(folder, 0700);
    CU_ASSERT_EQUAL(tn_spool_file_write(part, file, TN_STR("text")), 0);
    CU_ASSERT_EQUAL(symlink(file, link), 0);
    CU_ASSERT_EQUAL(mkfifo(pipe, 0600), 0);
    tn_buf_init(&out, 1 << 20);
    CU_ASSERT_EQUAL(tn_spool_file_read(file, &out), 0);
    CU_ASSERT_EQUAL(tn_spool_file_read(link, &out), ELOOP);
    CU_ASSERT_EQUAL(tn_spool_file_read(pipe, &out), EINVAL);
    CU_ASSERT_EQUAL(tn_spool_file_read(folder, &out), EINVAL);
    CU_ASSERT_TRUE(tn_str_eq_c(tn_buf_str(&out), "text"));
    tn_buf_reset(&out);
    unlink(file);
    unlink(link);
    unlink(pipe);
}

int main(void)
{
    CU_pSuite    suite;
    unsigned int failures;

    worker.loop = ev_loop_new(EVFLAG_AUTO);
    snprintf(folder, sizeof folder, "/tmp/tn-spool-%ld", (long)getpid());
    CU_initialize_registry();
    suite = CU_add_suite("spool", NULL, NULL);
    CU_add_test(suite, "room", test_room);
    CU_add_test(suite, "others", test_others);
    CU_add_test(suite, "taken by others", test_taken_by_others);
    CU_add_test(suite, "paths", test_paths);
    CU_add_test(suite, "no files of ours", test_no_files_of_ours);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    ev_loop_destroy(worker.loop);
    return failures == 0 ? 0 : 1;
}
