#include "stats/history_file.h"

#define WHERE                                                                                                                     \
    " 0 FROM history WHERE (?1 = 0 OR started_us >= ?1) AND (?2 = 0 OR started_us < ?2) AND (?3 = 0 OR id = ?3)"                  \
    " AND (?4 = 0 OR id < ?4) AND (?5 = '' OR user = ?5) AND (?6 = '' OR cluster_group = ?6) AND (?7 = '' OR cluster = ?7)"       \
    " AND (?8 = '' OR instr(lower(text), lower(?8)) > 0) AND (?9 < 0 OR outcome = ?9)"                                 \
    " AND (?12 = '' OR instr(',' || tags || ',', ',' || ?12 || ',') > 0 OR (instr(?12, ':') = 0 AND instr(',' || tags, ',' || ?12 || ':') > 0))" \
    " ORDER BY id DESC LIMIT ?10 OFFSET ?11"

static const char select_sql[] = "SELECT "
#define NUMBER(member, column, type) column ","
#define TEXT(member, column, most) column ","
#include "stats/history.def"
    WHERE;

static const char select_1_sql[] = "SELECT " /* from a file of format 1 */
#define NUMBER2(member, column, type) "0,"
#define TEXT2(member, column, most) "'',"
#define NUMBER3(member, column, type) "0,"
#define NUMBER4(member, column, type) "0,"
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    WHERE;

static const char select_2_sql[] = "SELECT " /* of format 2 */
#define NUMBER(member, column, type) column ","
#define TEXT(member, column, most) column ","
#define NUMBER3(member, column, type) "0,"
#define NUMBER4(member, column, type) "0,"
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    WHERE;

static const char select_3_sql[] = "SELECT " /* and of format 3 */
#define NUMBER(member, column, type) column ","
#define TEXT(member, column, most) column ","
#define NUMBER4(member, column, type) "0,"
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    WHERE;

static const char *const selects[TN_HISTORY_FORMAT] = {select_1_sql, select_2_sql, select_3_sql, select_sql};

static struct tn_str column_text(sqlite3_stmt *stmt, int at)
{
    const unsigned char *text = sqlite3_column_text(stmt, at);

    return text == NULL ? TN_STR("") : tn_str_n((const char *)text, (size_t)sqlite3_column_bytes(stmt, at));
}

static void read_row(sqlite3_stmt *stmt, struct tn_history_record *record)
{
    int at = 0;

#define NUMBER(member, column, type) record->member = (uint64_t)sqlite3_column_int64(stmt, at++);
#define TEXT(member, column, most) record->member = column_text(stmt, at++);
#include "stats/history.def"
#undef NUMBER
#undef TEXT
}

static int64_t clamp(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int bind_text(sqlite3_stmt *stmt, int at, struct tn_str text)
{
    return sqlite3_bind_text64(stmt, at, text.ptr == NULL ? "" : text.ptr, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_filter(sqlite3_stmt *stmt, const struct tn_history_filter *filter)
{
    return sqlite3_bind_int64(stmt, 1, clamp(filter->since_us)) | sqlite3_bind_int64(stmt, 2, clamp(filter->until_us)) |
           sqlite3_bind_int64(stmt, 3, clamp(filter->id)) | sqlite3_bind_int64(stmt, 4, clamp(filter->before_id)) |
           bind_text(stmt, 5, filter->user) | bind_text(stmt, 6, filter->group) | bind_text(stmt, 7, filter->cluster) |
           bind_text(stmt, 8, filter->text) | sqlite3_bind_int64(stmt, 9, filter->outcome_set ? (int64_t)filter->outcome : -1) |
           sqlite3_bind_int64(stmt, 10, filter->limit == 0 ? 100 : filter->limit) | sqlite3_bind_int64(stmt, 11, clamp(filter->offset)) |
           bind_text(stmt, 12, filter->tag);
}

static enum tn_status query(struct tn_history_file *file, const struct tn_history_filter *filter, tn_history_row_fn *row,
                            void *ctx, struct tn_error *err)
{
    struct tn_history_record record;
    sqlite3_stmt            *stmt = NULL;
    enum tn_status           status = TN_OK;
    int64_t                  format;
    int                      code;

    TN_TRY(tn_history_file_format(file, &format, err));
    code = sqlite3_prepare_v2(file->db, selects[TN_MIN(format, (int64_t)TN_HISTORY_FORMAT) - 1], -1, &stmt, NULL); /* at least 1: it is ours */
    if (code == SQLITE_OK)
        code = bind_filter(stmt, filter);
    if (code == SQLITE_OK) {
        while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
            read_row(stmt, &record);
            if (!row(ctx, &record)) {
                code = SQLITE_DONE;
                break;
            }
        }
    }
    if (code != SQLITE_DONE)
        status = tn_history_file_fail(file->db, "cannot read", err);
    sqlite3_finalize(stmt);
    return status;
}

enum tn_status tn_history_query_name(const char *name, unsigned flags, const struct tn_history_filter *filter,
                                     tn_history_row_fn *row, void *ctx, struct tn_error *err)
{
    struct tn_history_file file;
    enum tn_status         status;

    TN_TRY(tn_history_file_open(&file, name, flags | TN_HISTORY_FILE_READ_ONLY | TN_HISTORY_FILE_OLDER, err));
    status = query(&file, filter, row, ctx, err);
    tn_history_file_close(&file);
    return status;
}

enum tn_status tn_history_query_file(const char *path, const struct tn_history_filter *filter, tn_history_row_fn *row,
                                     void *ctx, struct tn_error *err)
{
    return tn_history_query_name(path, 0, filter, row, ctx, err);
}
