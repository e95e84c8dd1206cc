/* Column descriptions, and in which format results are fetched. */
#include "base/alloc.h"
#include "base/tz.h"
#include "engine/postgres/postgres_conn.h"
#include "frontend/pgwire/pg_types.h"

static void set_numeric(struct tn_column *column)
{
    int32_t typmod = column->pg_typmod;

    if (typmod < 4)
        return; /* any precision */
    column->precision = (uint8_t)TN_MIN((typmod - 4) >> 16 & 0xffff, 255);
    column->scale = (int8_t)TN_MIN((typmod - 4) & 0x7ff, 127);
}

static void set_type(struct tn_column *column)
{
    const struct tn_pg_type *type = tn_pg_type_find(column->pg_oid);

    column->type = type == NULL ? TN_TYPE_TEXT : type->type;
    if (column->type == TN_TYPE_NUMERIC)
        set_numeric(column);
}

static bool grow(struct tn_postgres_conn *c, size_t count)
{
    void *columns;

    if (count <= c->column_capacity)
        return true;
    columns = tn_realloc(c->columns, count * sizeof *c->columns);
    if (columns == NULL)
        return false;
    c->columns = columns;
    c->column_capacity = count;
    return true;
}

enum tn_status tn_postgres_columns(struct tn_postgres_conn *c, const PGresult *result, struct tn_error *err)
{
    int count = PQnfields(result);

    if (!grow(c, (size_t)count))
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for %d columns", count);
    for (int i = 0; i < count; i++) {
        struct tn_column *column = &c->columns[i];

        *column = (struct tn_column){
            .name = tn_str(PQfname(result, i)),
            .pg_oid = PQftype(result, i),
            .pg_typmod = PQfmod(result, i),
            .pg_len = (int16_t)PQfsize(result, i),
            .pg_table = PQftable(result, i),
            .pg_attr = (int16_t)PQftablecol(result, i),
        };
        set_type(column);
    }
    c->schema = (struct tn_schema){.count = (size_t)count, .columns = c->columns};
    return TN_OK;
}

bool tn_postgres_formats_mixed(const struct tn_encoder *encoder)
{
    for (size_t i = 1; encoder != NULL && encoder->pg_rows && i < encoder->pg_format_count; i++)
        if (encoder->pg_formats[i] != encoder->pg_formats[0])
            return true;
    return false;
}

/* The first column that cannot be converted when all are fetched in FORMAT; -1 = none. */
static long obstacle(const struct tn_postgres_conn *c, int16_t format)
{
    for (size_t i = 0; i < c->schema.count; i++)
        if (c->run->encoder->pg_formats[i] != format && !tn_pg_type_known(c->columns[i].pg_oid))
            return (long)i;
    return -1;
}

/* Binary to text needs the session's zone. */
static void load_zone(struct tn_postgres_conn *c)
{
    const char *zone = PQparameterStatus(c->pg, "TimeZone");

    if (zone != NULL && c->tz != NULL && strcmp(zone, tn_tz_name(c->tz)) == 0)
        return;
    tn_tz_free(c->tz);
    c->tz = NULL;
    if (zone != NULL && tn_tz_load(&c->tz, tn_str(zone), NULL) != TN_OK)
        c->tz = NULL; /* a zone that only the server knows: UTC is no less true */
}

enum tn_status tn_postgres_choose_format(struct tn_postgres_conn *c, struct tn_error *err)
{
    long text = -1, binary = -1;

    if (c->run->encoder->pg_format_count != c->schema.count)
        return tn_fail(err, TN_E_INVALID, "08P01", "bind message has %zu result formats but query has %zu columns",
                       c->run->encoder->pg_format_count, c->schema.count);
    c->now.convert = true;
    text = obstacle(c, 0);
    if (text >= 0)
        binary = obstacle(c, 1);
    if (binary >= 0) {
        tn_fail(err, TN_E_UNSUPPORTED, "0A000",
                "column \"" TN_STR_FMT "\" is of type %u, which cannot be had in another format than the other columns",
                TN_STR_ARG(c->columns[binary].name), c->columns[binary].pg_oid);
        tn_error_hint(err, "ask for all columns in the same format");
        tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
        return TN_E_UNSUPPORTED;
    }
    c->now.fetch_format = text >= 0;
    if (c->now.fetch_format == 1)
        load_zone(c);
    return TN_OK;
}
