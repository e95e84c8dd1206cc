/* Names and values of session settings, from hostile clients, as SQL: whatever they hold, the server must see exactly one
 * statement per setting, a SET or a call of set_config(). Input: name NUL value. */
#include "engine/postgres/postgres_settings.h"
#include "stats/features.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct tn_str sql)
{
    struct tn_str statement;
    size_t        at = 0, count = 0;

    while (tn_statement_next(sql, TN_DIALECT_POSTGRES, &at, &statement)) {
        count++;
        if (!tn_str_starts(statement, TN_STR("SET SESSION \"")) && !tn_str_starts(statement, TN_STR("RESET \"")) &&
            !tn_str_starts(statement, TN_STR("SELECT pg_catalog.set_config(")))
            abort();
    }
    if (count > 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t                   *nul = size == 0 ? NULL : memchr(data, 0, size);
    size_t                           name_len = nul == NULL ? size : (size_t)(nul - data);
    size_t                           rest = nul == NULL ? size : name_len + 1;
    const char                      *text = (const char *)data;
    struct tn_session_setting        setting = {.name = tn_str_n(text, name_len), .value = tn_str_n(text + rest, size - rest)};
    const struct tn_session_settings wanted = {.hash = 1, .count = 1, .items = &setting};
    struct tn_postgres_settings      in_force = {.count = 0};
    struct tn_buf                    sql;

    if (size > 4096 || (nul != NULL && memchr(nul + 1, 0, size - rest) != NULL))
        return 0; /* a NUL never gets here: libpq's texts end there */
    setting.only = size % 2 == 0 ? TN_CFG_ENGINE_POSTGRES : TN_CFG_ENGINE_UNSET;
    tn_buf_init(&sql, 1024 * 1024);
    tn_postgres_settings_write(&in_force, &wanted, false, tn_str(NULL), &sql);
    check(tn_buf_str(&sql));
    if (tn_postgres_settings_take(&in_force, &wanted, false)) {
        tn_buf_clear(&sql);
        tn_postgres_settings_write(&in_force, &wanted, false, tn_str(NULL), &sql);
        if (sql.len != 0)
            abort(); /* in force already */
        tn_postgres_settings_write(&in_force, NULL, false, tn_str(NULL), &sql);
        check(tn_buf_str(&sql));
    }
    tn_buf_reset(&sql);
    tn_postgres_settings_reset(&in_force);
    return 0;
}
