/* history_test.c - the query history: what goes in comes out, bounds hold, and nothing that happens to the file hurts. */
#include "stats/history.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "full_disk.h"

#include <CUnit/Basic.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], path[128];

static void fresh_path(const char *name)
{
    char side[160];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    snprintf(side, sizeof side, "%s-wal", path);
    unlink(side);
    snprintf(side, sizeof side, "%s-shm", path);
    unlink(side);
}

static struct tn_history_options options(bool in_memory)
{
    struct tn_history_options o = TN_HISTORY_OPTIONS_DEFAULT;

    o.path = in_memory ? NULL : path;
    o.flush_us = 50000;
    o.max_age_us = 0; /* the samples are old */
    return o;
}

static struct tn_history *open_history(const struct tn_history_options *o)
{
    struct tn_history *history;
    struct tn_error    err = TN_ERROR_INIT;

    if (tn_history_open(&history, o, &err) != TN_OK) {
        fprintf(stderr, "open: %s\n", err.message);
        abort();
    }
    return history;
}

static uint64_t counted(const struct tn_history *history, enum tn_counter counter)
{
    return tn_counters_get(tn_history_counters(history), counter);
}

static struct tn_history_record sample(uint64_t id)
{
    return (struct tn_history_record){.id = id,
                                      .started_us = 1700000000000000u + id,
                                      .client = TN_STR("127.0.0.1:5"),
                                      .user = id % 2 == 0 ? TN_STR("alice") : TN_STR("bob"),
                                      .database = TN_STR("db"),
                                      .application = TN_STR("psql"),
                                      .protocol = TN_STR("postgres"),
                                      .text = TN_STR("SELECT Price FROM t"),
                                      .group = TN_STR("analytics"),
                                      .router = TN_STR("queryRegex"),
                                      .rule = TN_STR("^SELECT"),
                                      .cluster = TN_STR("duckdb-1"),
                                      .engine = TN_STR("duckDb"),
                                      .reason = TN_STR("roundRobin"),
                                      .trace = TN_STR("tags: no; queryRegex: yes"),
                                      .class = TN_STR("read"),
                                      .template_hash = UINT64_MAX - id,
                                      .queue_us = 1,
                                      .first_byte_us = 2,
                                      .engine_us = 3,
                                      .total_us = 4,
                                      .rows = 5,
                                      .bytes = 6,
                                      .outcome = id % 3 == 0 ? TN_HISTORY_ERROR : TN_HISTORY_OK,
                                      .sqlstate = id % 3 == 0 ? TN_STR("42601") : TN_STR(""),
                                      .error = TN_STR("no"),
                                      .attempts = 2,
                                      .tags = TN_STR("team:bi"),
                                      .usd_micros = 1234567,
                                      .shape = TN_STR("0123456789abcdef0123456789abcdef"),
                                      .band = 3,
                                      .rung = TN_STR("class"),
                                      .plan = TN_STR("duckdb-1@120,sqlite-1"),
                                      .explored = 1,
                                      .shadow = 1,
                                      .propensity_ppm = 10000,
                                      .predicted_us = 7,
                                      .predicted_usd_micros = 8,
                                      .advised = TN_STR("sqlite-1"),
                                      .advised_us = 9,
                                      .advised_usd_micros = 10,
                                      .rows_read = 11,
                                      .bytes_read = 12,
                                      .cuts = 13,
                                      .cancels = 14,
                                      .engine_queue_us = 15,
                                      .peak_memory = 16,
                                      .marginal_usd_micros = 17};
}

struct seen {
    unsigned                 count, stop_after;
    uint64_t                 ids[256], newest_us;
    struct tn_history_record last;
    char                     text[4096];
};

static bool note_row(void *ctx, const struct tn_history_record *record)
{
    struct seen *seen = ctx;

    if (seen->count < TN_ARRAY_LEN(seen->ids))
        seen->ids[seen->count] = record->id;
    seen->count++;
    seen->newest_us = TN_MAX(seen->newest_us, record->started_us);
    seen->last = *record;
    tn_str_copy(seen->text, sizeof seen->text, record->text);
    return seen->stop_after == 0 || seen->count < seen->stop_after;
}

static struct seen ask(const struct tn_history *history, struct tn_history_filter filter)
{
    struct seen     seen = {.count = 0};
    struct tn_error err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL(tn_history_query(history, &filter, note_row, &seen, &err), TN_OK);
    if (err.message[0] != '\0')
        fprintf(stderr, "query: %s\n", err.message);
    tn_error_reset(&err);
    return seen;
}

static bool check_same(void *ctx, const struct tn_history_record *got)
{
    const struct tn_history_record *want = ctx;

#define NUMBER(member, column, type) CU_ASSERT_EQUAL(got->member, want->member);
#define TEXT(member, column, most) CU_ASSERT(tn_str_eq(got->member, want->member));
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    return true;
}

static void check_round_trip(bool in_memory)
{
    struct tn_history_options o = options(in_memory);
    struct tn_history        *history = open_history(&o);
    struct tn_history_record  record = sample(tn_history_next_id(history));
    struct tn_history_filter  all = {.limit = 1};
    struct tn_error           err = TN_ERROR_INIT;

    CU_ASSERT_TRUE(tn_history_add(history, &record));
    tn_history_flush(history);
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_records_written), 1);
    record.text_size = record.text.len;
    CU_ASSERT_EQUAL(tn_history_query(history, &all, check_same, &record, &err), TN_OK);
    for (uint64_t id = 2; id <= 150; id++) {
        record = sample(id);
        CU_ASSERT_TRUE(tn_history_add(history, &record));
    }
    tn_history_flush(history);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.limit = 0}).count, 100);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.limit = 1000}).count, 150);
    struct seen page = ask(history, (struct tn_history_filter){.limit = 10, .before_id = 101});
    CU_ASSERT_EQUAL(page.count, 10);
    CU_ASSERT_EQUAL(page.ids[0], 100);
    CU_ASSERT_EQUAL(page.ids[9], 91);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.user = TN_STR("bob")}).count, 75);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.user = TN_STR("eve")}).count, 0);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.group = TN_STR("analytics"), .id = 7}).count, 1);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.cluster = TN_STR("pg-1")}).count, 0);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.text = TN_STR("select price")}).count, 100);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.text = TN_STR("pri%")}).count, 0);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.limit = 1000, .tag = TN_STR("team")}).count, 150);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.limit = 1000, .tag = TN_STR("team:bi")}).count, 150);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.tag = TN_STR("team:b")}).count, 0);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.tag = TN_STR("eam")}).count, 0);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.tag = TN_STR("bi")}).count, 0);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.outcome_set = true, .outcome = TN_HISTORY_ERROR}).count, 50);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.since_us = 1700000000000010u, .until_us = 1700000000000020u}).count, 10);
    tn_history_close(history);
}

static void test_round_trip(void)
{
    fresh_path("round");
    check_round_trip(false);
    check_round_trip(true);
}

static void test_reopen(void)
{
    struct tn_history_options o = options(false);
    struct tn_history        *history;
    struct tn_history_record  record;
    struct seen               seen = {.count = 0};
    struct tn_history_filter  all = {.limit = 0};
    struct tn_error           err = TN_ERROR_INIT;
    struct stat               info;

    fresh_path("reopen");
    history = open_history(&o);
    for (uint64_t id = 1; id <= 3; id++) {
        record = sample(0); /* id 0: the next one */
        CU_ASSERT_TRUE(tn_history_add(history, &record));
    }
    tn_history_close(history); /* writes what waits */
    CU_ASSERT_EQUAL(tn_history_query_file(path, &all, note_row, &seen, &err), TN_OK);
    CU_ASSERT_EQUAL(seen.count, 3);
    CU_ASSERT_EQUAL(seen.ids[0], 3);
    seen = (struct seen){.stop_after = 2};
    CU_ASSERT_EQUAL(tn_history_query_file(path, &all, note_row, &seen, &err), TN_OK);
    CU_ASSERT_EQUAL(seen.count, 2);
    history = open_history(&o);
    CU_ASSERT_EQUAL(tn_history_next_id(history), 4);
    CU_ASSERT_EQUAL(stat(path, &info), 0);
    CU_ASSERT_EQUAL(info.st_mode & 0777u, 0600); /* statements are nobody else's business */
    tn_history_close(history);
}

static void check_text(struct tn_history *history, struct tn_str text, const char *want)
{
    struct tn_history_record record = sample(0);

    record.id = tn_history_next_id(history);
    record.text = text;
    record.user = text;
    CU_ASSERT_TRUE(tn_history_add(history, &record));
    tn_history_flush(history);
    struct seen seen = ask(history, (struct tn_history_filter){.id = record.id});
    CU_ASSERT_EQUAL(seen.count, 1);
    CU_ASSERT_STRING_EQUAL(seen.text, want);
    CU_ASSERT_EQUAL(seen.last.text_size, text.len);
}

static void test_hostile_text(void)
{
    struct tn_history_options o = options(true);
    struct tn_history        *history;
    static char               zeros[300000];

    o.max_text = 16;
    history = open_history(&o);
    check_text(history, TN_STR(""), "");
    check_text(history, TN_STR("a\0b"), "a\xef\xbf\xbd" "b");
    check_text(history, TN_STR("\xff\xfe"), "\xef\xbf\xbd\xef\xbf\xbd");
    check_text(history, TN_STR("0123456789abcdefgh"), "0123456789abcdef");
    check_text(history, TN_STR("0123456789abcde\xc3\xa4z"), "0123456789abcde");
    check_text(history, TN_STR("0123456789abcd\xe2\x82\xacz"), "0123456789abcd");
    check_text(history, TN_STR("0123456789abcd\xe2\x82"), "0123456789abcd");
    check_text(history, TN_STR("0123456789abc\xe2\x82\xac"), "0123456789abc\xe2\x82\xac");
    check_text(history, tn_str_n(zeros, sizeof zeros), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    tn_history_limit(history, 0, 0, 0);
    check_text(history, TN_STR("SELECT 1"), "");
    tn_history_close(history);
}

static void test_full(void)
{
    struct tn_history_options o = options(true);
    struct tn_history        *history;
    struct tn_history_record  record = sample(1);
    uint64_t                  accepted = 0;

    o.flush_us = 3600u * 1000000u;
    o.max_records = 1;
    history = open_history(&o);
    for (uint64_t id = 1; id <= 1000; id++) { /* the writer may make room in between, but not for all of them */
        record.id = id;
        accepted += tn_history_add(history, &record);
    }
    tn_history_flush(history);
    CU_ASSERT(accepted >= 1 && accepted < 1000);
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_records_written), accepted);
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_records_dropped), 1000 - accepted);
    CU_ASSERT_TRUE(tn_history_add(history, &record)); /* there is room again */
    tn_history_close(history);
    o.max_records = 1000;
    o.max_bytes = 1;
    history = open_history(&o);
    CU_ASSERT_FALSE(tn_history_add(history, &record));
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_records_dropped), 1);
    tn_history_close(history);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static size_t file_bytes(char *out, size_t size)
{
    int     fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? 0 : read(fd, out, size);

    if (fd >= 0)
        close(fd);
    return got > 0 ? (size_t)got : 0;
}

/* Opening fails, says WHY, and does not change a byte. */
static void check_refused(const char *why)
{
    static char               before[1 << 20], after[1 << 20];
    struct tn_history_options o = options(false);
    struct tn_history        *history;
    struct tn_error           err = TN_ERROR_INIT;
    struct tn_history_filter  all = {.limit = 1};
    struct seen               seen = {.count = 0};
    size_t                    len = file_bytes(before, sizeof before);

    CU_ASSERT_EQUAL(tn_history_open(&history, &o, &err), TN_E_INVALID);
    CU_ASSERT_PTR_NULL(history);
    if (strstr(err.message, why) == NULL)
        fprintf(stderr, "want %s\ngot  %s\n", why, err.message);
    CU_ASSERT(strstr(err.message, why) != NULL);
    tn_error_reset(&err);
    CU_ASSERT_EQUAL(tn_history_query_file(path, &all, note_row, &seen, &err), TN_E_INVALID);
    tn_error_reset(&err);
    CU_ASSERT_EQUAL(file_bytes(after, sizeof after), len);
    CU_ASSERT_EQUAL(memcmp(before, after, len), 0);
}

static void write_file(const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CU_ASSERT_FATAL(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    close(fd);
}

static int64_t ask_file(const char *sql)
{
    sqlite3      *db;
    sqlite3_stmt *stmt;
    int64_t       value;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_step(stmt), SQLITE_ROW);
    value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

/* A file as the first format was: written out here, so that a change of history.def cannot change it. */
#define FORMAT_1                                                                                                      \
    "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"                                                    \
    "CREATE TABLE history (id INTEGER PRIMARY KEY, started_us INTEGER NOT NULL, client TEXT NOT NULL,"                \
    " user TEXT NOT NULL, database TEXT NOT NULL, application TEXT NOT NULL, protocol TEXT NOT NULL,"                 \
    " text TEXT NOT NULL, text_size INTEGER NOT NULL, cluster_group TEXT NOT NULL, router TEXT NOT NULL,"             \
    " rule TEXT NOT NULL, cluster TEXT NOT NULL, engine TEXT NOT NULL, reason TEXT NOT NULL, trace TEXT NOT NULL,"    \
    " class TEXT NOT NULL, template_hash INTEGER NOT NULL, queue_us INTEGER NOT NULL,"                                \
    " first_byte_us INTEGER NOT NULL, engine_us INTEGER NOT NULL, total_us INTEGER NOT NULL, rows INTEGER NOT NULL,"  \
    " bytes INTEGER NOT NULL, outcome INTEGER NOT NULL, sqlstate TEXT NOT NULL, error TEXT NOT NULL,"                 \
    " attempts INTEGER NOT NULL, tags TEXT NOT NULL, CHECK (total_us IS NOT NULL));"                                  \
    "CREATE INDEX history_started ON history (started_us);"                                                           \
    "INSERT INTO history VALUES (7, 1700000000000007, 'c', 'alice', 'd', 'a', 'p', 'SELECT 1', 8, 'g', 'r', '1',"     \
    " 'duckdb-1', 'duckDb', 'only', 't', 'read', 5, 1, 2, 3, 4, 5, 6, 0, '', '', 1, 'x');"                            \
    "PRAGMA application_id = 1416785524; PRAGMA user_version = 1;"

static bool check_old(void *ctx, const struct tn_history_record *got)
{
    unsigned *count = ctx;

    ++*count;
    CU_ASSERT_EQUAL(got->id, 7);
    CU_ASSERT(tn_str_eq_c(got->tags, "x"));
    CU_ASSERT_EQUAL(got->usd_micros + got->cancels + got->bytes_read + got->engine_queue_us + got->peak_memory + got->marginal_usd_micros, 0);
    CU_ASSERT_EQUAL(got->shape.len + got->plan.len + got->advised.len, 0);
    return true;
}

static void test_format_1(void)
{
    struct tn_history_options o = options(false);
    struct tn_history_filter  all = {.limit = 10};
    struct tn_history_record  record = sample(8);
    struct tn_history        *history;
    struct tn_error           err = TN_ERROR_INIT;
    unsigned                  count = 0;

    fresh_path("format1");
    run_sql(FORMAT_1);
    CU_ASSERT_EQUAL(tn_history_query_file(path, &all, check_old, &count, &err), TN_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(ask_file("PRAGMA user_version"), 1); /* reading changes nothing */
    history = open_history(&o);
    CU_ASSERT_EQUAL(tn_history_next_id(history), 8);
    CU_ASSERT_TRUE(tn_history_add(history, &record));
    tn_history_close(history);
    CU_ASSERT_EQUAL(ask_file("PRAGMA user_version"), TN_HISTORY_FORMAT);
    all.id = 7;
    CU_ASSERT_EQUAL(tn_history_query_file(path, &all, check_old, &count, &err), TN_OK);
    CU_ASSERT_EQUAL(count, 2);
    all.id = 8;
    record.text_size = record.text.len;
    CU_ASSERT_EQUAL(tn_history_query_file(path, &all, check_same, &record, &err), TN_OK);
    CU_ASSERT_EQUAL(ask_file("SELECT count(*) FROM pragma_table_info('history')"), 29 + 17 + 2 + 1);
    CU_ASSERT_EQUAL(ask_file("SELECT cancels FROM history WHERE id = 8"), 14);
    CU_ASSERT_EQUAL(ask_file("SELECT count(*) FROM pragma_index_list('history')"), 1);
}

static bool check_format_2(void *ctx, const struct tn_history_record *got)
{
    ++*(unsigned *)ctx;
    CU_ASSERT_EQUAL(got->cancels, 14);
    CU_ASSERT_EQUAL(got->engine_queue_us + got->peak_memory + got->marginal_usd_micros, 0);
    return true;
}

static bool check_format_3(void *ctx, const struct tn_history_record *got)
{
    ++*(unsigned *)ctx;
    CU_ASSERT(got->cancels == 14 && got->engine_queue_us == 15 && got->peak_memory == 16 && got->usd_micros == 1234567);
    CU_ASSERT_EQUAL(got->marginal_usd_micros, 0);
    return true;
}

/* As format 1 became it, less what came later. */
static void check_older(int64_t format, const char *without, tn_history_row_fn *check)
{
    struct tn_history_options o = options(false);
    struct tn_history_filter  all = {.limit = 10};
    struct tn_history_record  record = sample(7);
    struct tn_history        *history;
    struct tn_error           err = TN_ERROR_INIT;
    unsigned                  count = 0;

    fresh_path("older");
    history = open_history(&o);
    CU_ASSERT_TRUE(tn_history_add(history, &record));
    tn_history_close(history);
    run_sql(without);
    CU_ASSERT_EQUAL(ask_file("PRAGMA user_version"), format);
    CU_ASSERT_EQUAL(tn_history_query_file(path, &all, check, &count, &err), TN_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(ask_file("PRAGMA user_version"), format); /* reading changes nothing */
    history = open_history(&o);
    tn_history_close(history);
    CU_ASSERT_EQUAL(ask_file("PRAGMA user_version"), TN_HISTORY_FORMAT);
    CU_ASSERT_EQUAL(tn_history_query_file(path, &all, check, &count, &err), TN_OK);
    CU_ASSERT_EQUAL(count, 2);
}

#define WITHOUT_4 "ALTER TABLE history DROP COLUMN marginal_usd_micros;"

static void test_format_2(void)
{
    check_older(2, WITHOUT_4 "ALTER TABLE history DROP COLUMN engine_queue_us; ALTER TABLE history DROP COLUMN peak_memory; PRAGMA user_version = 2", check_format_2);
}

static void test_format_3(void)
{
    check_older(3, WITHOUT_4 "PRAGMA user_version = 3", check_format_3);
}

static void test_one_writer(void)
{
    struct tn_history_options o = options(false);
    struct tn_history        *history, *second;
    struct tn_error           err = TN_ERROR_INIT;

    fresh_path("one");
    history = open_history(&o);
    CU_ASSERT_EQUAL(tn_history_open(&second, &o, &err), TN_E_INVALID);
    CU_ASSERT_PTR_NULL(second);
    CU_ASSERT(strstr(err.message, "in use by another Turnout") != NULL && strstr(err.message, path) != NULL);
    tn_error_reset(&err);
    tn_history_close(history);
    tn_history_close(open_history(&o)); /* free again */
}

static void test_refused_files(void)
{
    struct tn_history_options o = options(false);
    struct tn_history        *history;
    struct tn_error           err = TN_ERROR_INIT;
    static char               junk[5000];

    fresh_path("newer");
    tn_history_close(open_history(&o));
    run_sql("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
    check_refused("was written by a newer Turnout (format 99, this one knows 4)");
    fresh_path("foreign");
    run_sql("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    check_refused("is not a history of Turnout");
    run_sql("PRAGMA application_id = 5");
    check_refused("is not a history of Turnout");
    fresh_path("junk");
    memset(junk, 'x', sizeof junk);
    write_file(junk, sizeof junk);
    check_refused("is not a history of Turnout");
    write_file("short", 5);
    check_refused("is not a history of Turnout");
    memcpy(junk, "SQLite format 3", 16);
    write_file(junk, sizeof junk);
    check_refused("is not a history of Turnout");
    memset(junk + 16, 0, 84);
    write_file(junk, sizeof junk);
    check_refused("damaged");
    snprintf(path, sizeof path, "%s/no/such/folder", folder);
    CU_ASSERT_EQUAL(tn_history_open(&history, &o, &err), TN_E_NOT_FOUND);
    CU_ASSERT(strstr(err.message, "no/such/folder") != NULL);
    tn_error_reset(&err);
    snprintf(path, sizeof path, "%s", folder);
    CU_ASSERT_EQUAL(tn_history_open(&history, &o, &err), TN_E_NOT_FOUND); /* a folder */
    tn_error_reset(&err);
    fresh_path("missing");
    CU_ASSERT_EQUAL(tn_history_query_file(path, &(struct tn_history_filter){.limit = 1}, note_row, NULL, &err), TN_E_NOT_FOUND);
    tn_error_reset(&err);
    CU_ASSERT_EQUAL(access(path, F_OK), -1);
}

static void test_prune_by_age(void)
{
    struct tn_history_options o = options(false);
    struct tn_history        *history;
    struct tn_history_record  record;
    uint64_t                  now = tn_clock_wall_us();

    fresh_path("age");
    o.max_age_us = 3600u * 1000000u;
    history = open_history(&o);
    for (uint64_t id = 1; id <= 20; id++) {
        record = sample(id);
        record.started_us = id <= 8 ? now - 2 * o.max_age_us : now - 60000000u;
        CU_ASSERT_TRUE(tn_history_add(history, &record));
    }
    tn_history_flush(history);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.limit = 0}).count, 12);
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_records_pruned), 8);
    tn_clock_shift_us(0, INT64_C(10) * 365 * 86400 * 1000000); /* the wall clock jumps ten years ahead */
    CU_ASSERT_TRUE(tn_history_add(history, &record));
    tn_history_flush(history);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.limit = 0}).count, 12);
    tn_clock_shift_us(0, -INT64_C(40) * 365 * 86400 * 1000000);
    record.id = 100;
    CU_ASSERT_TRUE(tn_history_add(history, &record));
    tn_history_flush(history);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.limit = 0}).count, 13);
    tn_clock_shift_us(0, 0);
    tn_history_close(history);
}

static uint64_t file_size(void)
{
    struct stat info;

    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

static void test_prune_by_size(void)
{
    struct tn_history_options o = options(false);
    struct tn_history        *history;
    struct tn_history_record  record;
    static char               text[2000];

    fresh_path("size");
    memset(text, 'a', sizeof text);
    o.max_size = 0;
    history = open_history(&o);
    for (uint64_t id = 1; id <= 3000; id++) {
        record = sample(id);
        record.started_us = tn_clock_wall_us();
        record.text = tn_str_n(text, sizeof text);
        CU_ASSERT_TRUE(tn_history_add(history, &record));
    }
    tn_history_flush(history);
    tn_history_close(history);
    CU_ASSERT(file_size() > 6000000);
    o.max_size = 1000000;
    history = open_history(&o);
    for (int i = 0; i < 5; i++) {
        record.id = 4000u + (uint64_t)i;
        CU_ASSERT_TRUE(tn_history_add(history, &record));
        tn_history_flush(history);
    }
    struct seen seen = ask(history, (struct tn_history_filter){.limit = 100000});
    CU_ASSERT(seen.count > 100 && seen.count < 600);
    CU_ASSERT_EQUAL(seen.ids[0], 4004); /* the newest stay */
    tn_history_close(history);
    CU_ASSERT(file_size() <= 1100000);
}

/* Removed under the server: seen with the next records, and all of it is there again. */
static void test_removed(void)
{
    struct tn_history_options o;
    struct tn_history        *history;

    fresh_path("removed");
    o = options(false);
    history = open_history(&o);
    for (uint64_t id = 1; id <= 20; id++) {
        struct tn_history_record record = sample(id);

        if (id % 10 == 0)
            CU_ASSERT_EQUAL(unlink(path), 0);
        tn_history_add(history, &record);
        tn_history_flush(history);
    }
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_files_lost), 2);
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_flushes_failed), 0);
    tn_history_close(history);
    history = open_history(&o);
    CU_ASSERT_EQUAL(tn_history_next_id(history), 21);
    tn_history_close(history);
}

static void test_locked(void)
{
    struct tn_history_options o = options(false);
    struct tn_history        *history;
    struct tn_history_record  record = sample(1);
    sqlite3                  *db;

    fresh_path("locked");
    history = open_history(&o);
    CU_ASSERT_EQUAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_TRUE(tn_history_add(history, &record));
    tn_history_flush(history);
    CU_ASSERT_TRUE(tn_history_failing(history));
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_records_written), 0);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    tn_history_flush(history);
    CU_ASSERT_FALSE(tn_history_failing(history));
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_records_written), 1);
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_records_dropped), 0);
    sqlite3_close(db);
    tn_history_close(history);
}

static int fill_disk(void)
{
    struct tn_history_options o = options(false);
    struct tn_history        *history = open_history(&o);
    struct tn_history_record  record = sample(0);
    int                       log_fd = full_disk_begin(path);

    if (!tn_history_add(history, &record))
        return 1;
    tn_history_flush(history);
    limit_files(2048); /* less than the WAL needs */
    for (int i = 0; i < 200 && counted(history, TN_COUNTER_history_records_dropped) == 0; i++) {
        for (int k = 0; k < 50; k++)
            tn_history_add(history, &record);
        tn_history_flush(history);
    }
    if (counted(history, TN_COUNTER_history_records_dropped) == 0 || !tn_history_failing(history))
        return 2;
    limit_files(RLIM_INFINITY);
    uint64_t written = counted(history, TN_COUNTER_history_records_written);
    if (!tn_history_add(history, &record))
        return 3;
    tn_history_flush(history);
    if (tn_history_failing(history) || counted(history, TN_COUNTER_history_records_written) <= written)
        return 4;
    tn_history_close(history);
    if (!full_disk_told(log_fd, "history cannot be written", "history is written again"))
        return 5;
    return 0;
}

static void check_integrity(void)
{
    sqlite3      *db;
    sqlite3_stmt *stmt;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_step(stmt), SQLITE_ROW);
    CU_ASSERT_STRING_EQUAL((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

static void test_disk_full(void)
{
    int   status = -1;
    pid_t child;

    fresh_path("full");
    child = fork();
    if (child == 0)
        _exit(fill_disk());
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        fprintf(stderr, "disk full: step %d\n", WEXITSTATUS(status));
    check_integrity();
}

static void write_forever(void)
{
    struct tn_history_options o = options(false);
    struct tn_history        *history;
    struct tn_history_record  record = sample(0);
    struct timespec           pause = {.tv_nsec = 500000};

    o.flush_us = 1000000; /* as a server does */
    history = open_history(&o);
    for (;;) {
        record.started_us = tn_clock_wall_us();
        tn_history_add(history, &record);
        nanosleep(&pause, NULL);
    }
}

static void test_kill(void)
{
    struct tn_history_filter all = {.limit = 1000000};
    struct seen              seen = {.count = 0};
    struct tn_error          err = TN_ERROR_INIT;
    struct timespec          pause = {.tv_sec = 2, .tv_nsec = 300000000}, moment = {.tv_nsec = 50000000};
    uint64_t                 killed_us, lost_us, least_us = UINT64_MAX;
    int                      status;

    fresh_path("kill");
    for (int round = 0; round < 2 || (round < 6 && least_us > 2000000); round++) {
        pid_t child = fork();

        if (child == 0)
            write_forever();
        nanosleep(&pause, NULL);
        for (int i = 0; i < 1200 && seen.count <= 100; i++) { /* while it writes */
            seen = (struct seen){.count = 0};
            if (access(path, R_OK) != 0 || tn_history_query_file(path, &all, note_row, &seen, &err) != TN_OK)
                tn_error_reset(&err);
            nanosleep(&moment, NULL);
        }
        CU_ASSERT(seen.count > 100);
        killed_us = tn_clock_wall_us();
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        seen = (struct seen){.count = 0};
        CU_ASSERT_EQUAL(tn_history_query_file(path, &all, note_row, &seen, &err), TN_OK);
        lost_us = killed_us - TN_MIN(killed_us, seen.newest_us);
        least_us = TN_MIN(least_us, lost_us);
        if (lost_us > 2000000)
            fprintf(stderr, "lost %llu us\n", (unsigned long long)lost_us);
        CU_ASSERT(lost_us <= 30000000);
        check_integrity();
    }
    CU_ASSERT(least_us <= 2000000); /* a disk or a machine that is busy may hold a thread for longer, but hardly each time */
}

static void *add_many(void *arg)
{
    struct tn_history_record record = sample(0);

    for (int i = 0; i < 5000; i++)
        tn_history_add(arg, &record);
    return NULL;
}

static void test_threads(void)
{
    struct tn_history_options o = options(false);
    struct tn_history        *history;
    pthread_t                 threads[4];

    fresh_path("threads");
    o.flush_us = 1000;
    o.max_records = 3000;
    history = open_history(&o);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, add_many, history), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    tn_history_flush(history);
    uint64_t written = counted(history, TN_COUNTER_history_records_written);
    CU_ASSERT_EQUAL(written + counted(history, TN_COUNTER_history_records_dropped), 20000);
    CU_ASSERT_EQUAL(ask(history, (struct tn_history_filter){.limit = 100000}).count, written);
    tn_history_close(history);
}

static void test_no_memory(void)
{
    struct tn_history_options o = options(true);
    struct tn_history        *history = NULL;
    struct tn_history_record  record = sample(1);
    struct tn_error           err = TN_ERROR_INIT;

    for (size_t n = 0; history == NULL && n < 10; n++) {
        tn_alloc_fail_after(n);
        enum tn_status status = tn_history_open(&history, &o, &err);
        tn_alloc_fail_never();
        CU_ASSERT(status == TN_OK || status == TN_E_NOMEM);
        tn_error_reset(&err);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(history);
    tn_alloc_fail_after(0);
    CU_ASSERT_FALSE(tn_history_add(history, &record));
    tn_alloc_fail_never();
    CU_ASSERT_EQUAL(counted(history, TN_COUNTER_history_records_dropped), 1);
    tn_history_close(history);
    tn_history_close(NULL);
}

static void test_names(void)
{
    enum tn_history_outcome outcome;

    CU_ASSERT_STRING_EQUAL(tn_history_outcome_name(TN_HISTORY_TIMEOUT), "timeout");
    CU_ASSERT_STRING_EQUAL(tn_history_outcome_name(77), "unknown");
    CU_ASSERT_TRUE(tn_history_outcome_parse(TN_STR("Denied"), &outcome));
    CU_ASSERT_EQUAL(outcome, TN_HISTORY_DENIED);
    CU_ASSERT_FALSE(tn_history_outcome_parse(TN_STR("fine"), &outcome));
}

static void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        fprintf(stderr, "cannot remove %s\n", folder);
}

int main(void)
{
    CU_pSuite suite;

    snprintf(folder, sizeof folder, "/tmp/turnout-history-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    tn_log_to_fd(open("/dev/null", O_WRONLY));
    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("history", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_disk_full); /* these two fork: first, while there are no threads */
    CU_ADD_TEST(suite, test_kill);
    CU_ADD_TEST(suite, test_round_trip);
    CU_ADD_TEST(suite, test_reopen);
    CU_ADD_TEST(suite, test_hostile_text);
    CU_ADD_TEST(suite, test_full);
    CU_ADD_TEST(suite, test_format_1);
    CU_ADD_TEST(suite, test_format_2);
    CU_ADD_TEST(suite, test_format_3);
    CU_ADD_TEST(suite, test_refused_files);
    CU_ADD_TEST(suite, test_one_writer);
    CU_ADD_TEST(suite, test_prune_by_age);
    CU_ADD_TEST(suite, test_prune_by_size);
    CU_ADD_TEST(suite, test_locked);
    CU_ADD_TEST(suite, test_removed);
    CU_ADD_TEST(suite, test_threads);
    CU_ADD_TEST(suite, test_no_memory);
    CU_ADD_TEST(suite, test_names);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    remove_folder();
    return failures > 0;
}
