/* What is asked on the same connection behind a statement that is through: its warnings, how many rows it would have had without its LIMIT, what
 * it cost. */
#include "engine/mysql/mysql_conn.h"
#include "engine/mysql/mysql_cost.h"

static bool ask_warnings(struct tn_mysql_conn *c)
{
    char sql[48];
    int  len;

    if (c->now.warnings == 0 || c->now.warnings_done || c->now.discard || c->run->error.status != TN_OK || c->run->encoder == NULL ||
        (c->run->features != NULL && c->run->features->verb == TN_VERB_SHOW))
        return false;
    c->now.warnings_done = true;
    len = snprintf(sql, sizeof sql, "SHOW WARNINGS LIMIT %d", TN_MYSQL_WARNINGS_TOLD);
    return tn_mysql_send_text(c, TN_MYSQL_WARNINGS, tn_str_n(sql, (size_t)len));
}

/* SHOW WARNINGS before it leaves the number as it is. */
static bool ask_found(struct tn_mysql_conn *c)
{
    const struct tn_run *run = c->run;

    if (!run->wants_found || c->now.found_done || c->now.discard || run->cancelled || run->kind != TN_RUN_EXECUTE || run->error.status != TN_OK ||
        !c->now.columns_told)
        return false;
    c->now.found_done = true;
    return tn_mysql_send_text(c, TN_MYSQL_FOUND, TN_STR("SELECT FOUND_ROWS()"));
}

bool tn_mysql_ask_behind(struct tn_mysql_conn *c)
{
    return ask_warnings(c) || ask_found(c) || tn_mysql_cost_ask(c);
}

void tn_mysql_found_row(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);
    struct tn_str       number = tn_my_get_lenenc_str(&in, &(bool){false});

    c->run->found_known = !in.failed && number.ptr != NULL && tn_str_to_u64(number, UINT64_MAX, &c->run->found);
}
