/* What goes to the server: one command at a time. */
#include "base/alloc.h"
#include "engine/mysql/mysql_conn.h"

static bool sent(struct tn_mysql_conn *c, enum tn_mysql_phase phase, size_t begun)
{
    if (!tn_mysql_wire_end(&c->wire, begun))
        return false;
    c->phase = phase;
    c->expect = TN_MYSQL_EXPECT_FIRST;
    tn_mysql_flush_output(c);
    return true;
}

bool tn_mysql_send_text(struct tn_mysql_conn *c, enum tn_mysql_phase phase, struct tn_str sql)
{
    size_t begun = tn_mysql_wire_command(&c->wire, TN_MY_COM_QUERY);

    tn_buf_put_str(&c->wire.out, sql);
    return sent(c, phase, begun);
}

/* ---- scripts ---- */

void tn_mysql_script_begin(struct tn_mysql_conn *c)
{
    tn_buf_clear(&c->script);
    c->script_at = 0;
}

void tn_mysql_script_put(struct tn_mysql_conn *c, struct tn_str sql)
{
    tn_buf_put_str(&c->script, sql);
    tn_buf_put_u8(&c->script, '\0');
}

bool tn_mysql_script_next(struct tn_mysql_conn *c, enum tn_mysql_phase phase)
{
    struct tn_str sql;

    if (c->script_at >= c->script.len)
        return false;
    sql = tn_str(c->script.data + c->script_at);
    c->script_at += sql.len + 1;
    if (!tn_mysql_send_text(c, phase, sql))
        tn_mysql_lose(c, "no memory for a statement", NULL);
    return !c->lost;
}

/* ---- prepared statements ---- */

bool tn_mysql_send_prepare(struct tn_mysql_conn *c)
{
    size_t begun = tn_mysql_wire_command(&c->wire, TN_MY_COM_STMT_PREPARE);

    tn_buf_put_str(&c->wire.out, tn_buf_str(&c->text));
    return sent(c, TN_MYSQL_PREPARE, begun);
}

enum { UNSIGNED = 0x80 };

static const struct tn_value null_value = {.type = TN_TYPE_NULL};

static const struct tn_value *value_of(const struct tn_mysql_conn *c, size_t mark)
{
    size_t param = c->now.statement->order[mark];

    return param < c->run->params.count ? &c->run->params.items[param].value : &null_value;
}

static uint16_t type_of(const struct tn_value *value)
{
    switch (value->type) {
    case TN_TYPE_NULL:
        return TN_MY_TYPE_NULL;
    case TN_TYPE_BOOL: case TN_TYPE_INT8:
        return TN_MY_TYPE_TINY;
    case TN_TYPE_INT16: case TN_TYPE_INT32: case TN_TYPE_INT64:
        return TN_MY_TYPE_LONGLONG;
    case TN_TYPE_UINT8: case TN_TYPE_UINT16: case TN_TYPE_UINT32: case TN_TYPE_UINT64:
        return TN_MY_TYPE_LONGLONG | UNSIGNED << 8;
    case TN_TYPE_FLOAT32: case TN_TYPE_FLOAT64:
        return TN_MY_TYPE_DOUBLE;
    case TN_TYPE_NUMERIC:
        return TN_MY_TYPE_NEWDECIMAL;
    case TN_TYPE_BYTES:
        return TN_MY_TYPE_BLOB;
    case TN_TYPE_DATE:
        return TN_MY_TYPE_DATE;
    case TN_TYPE_TIME: case TN_TYPE_INTERVAL:
        return TN_MY_TYPE_TIME;
    case TN_TYPE_TIMESTAMP: case TN_TYPE_TIMESTAMPTZ:
        return TN_MY_TYPE_DATETIME;
    default:
        return TN_MY_TYPE_VAR_STRING;
    }
}

static void put_uuid(struct tn_buf *out, const uint8_t uuid[16])
{
    char text[40];
    int  len = 0;

    for (int i = 0; i < 16; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
    tn_my_put_lenenc_str(out, tn_str_n(text, (size_t)len));
}

static void put_double(struct tn_buf *out, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof bits);
    tn_my_put_u64(out, bits);
}

static void put_value(const struct tn_mysql_conn *c, struct tn_buf *out, const struct tn_value *value)
{
    switch (value->type) {
    case TN_TYPE_NULL:
        break;
    case TN_TYPE_BOOL:
        tn_buf_put_u8(out, value->as.boolean);
        break;
    case TN_TYPE_INT8:
        tn_buf_put_u8(out, (uint8_t)value->as.i64);
        break;
    case TN_TYPE_INT16: case TN_TYPE_INT32: case TN_TYPE_INT64:
        tn_my_put_u64(out, (uint64_t)value->as.i64);
        break;
    case TN_TYPE_UINT8: case TN_TYPE_UINT16: case TN_TYPE_UINT32: case TN_TYPE_UINT64:
        tn_my_put_u64(out, value->as.u64);
        break;
    case TN_TYPE_FLOAT32: case TN_TYPE_FLOAT64:
        put_double(out, value->as.f64);
        break;
    case TN_TYPE_DATE: case TN_TYPE_TIMESTAMP: case TN_TYPE_TIMESTAMPTZ: case TN_TYPE_TIME: case TN_TYPE_INTERVAL:
        tn_mysql_put_moment(out, value, c->tz);
        break;
    case TN_TYPE_UUID:
        put_uuid(out, value->as.uuid);
        break;
    default:
        tn_my_put_lenenc_str(out, value->as.text);
    }
}

/* What MySQL has no value for. */
static const char *misfit(const struct tn_value *value)
{
    if (value->is_list)
        return "MySQL has no arrays";
    if (value->type == TN_TYPE_TIMETZ)
        return "MySQL has no time with a zone";
    if (value->type == TN_TYPE_INTERVAL && (value->as.interval.months != 0 || !tn_mysql_fits(value)))
        return "MySQL has no interval like this one";
    if (!tn_mysql_fits(value))
        return "MySQL has no such date";
    return NULL;
}

enum tn_status tn_mysql_check_params(struct tn_mysql_conn *c, struct tn_error *err)
{
    const struct tn_params *params = &c->run->params;

    if (params->raw_only) {
        tn_fail(err, TN_E_UNSUPPORTED, "0A000", "a parameter has a type that only PostgreSQL knows");
        tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
        return TN_E_UNSUPPORTED;
    }
    for (size_t i = 0; i < params->count; i++) {
        const char *why = misfit(&params->items[i].value);

        if (why == NULL)
            continue;
        tn_fail(err, TN_E_UNSUPPORTED, "0A000", "parameter $%zu: %s", i + 1, why);
        tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
        return TN_E_UNSUPPORTED;
    }
    return TN_OK;
}

/* The types go along when they are others than last time, and always with a CALL: a MariaDB that has given OUT parameters back reads the
 * next ones wrong without. */
static void put_types(struct tn_mysql_conn *c, struct tn_buf *out)
{
    struct tn_mysql_statement *s = c->now.statement;
    bool                       changed = !s->types_sent || (c->run->features != NULL && c->run->features->verb == TN_VERB_CALL);

    for (size_t i = 0; i < s->mark_count; i++) {
        uint16_t type = type_of(value_of(c, i));

        if (type == TN_MY_TYPE_NULL && s->types_sent)
            continue; /* a null is in the bits; the type that was may stay */
        changed = changed || s->types[2 * i] != (uint8_t)type || s->types[2 * i + 1] != (uint8_t)(type >> 8);
        s->types[2 * i] = (uint8_t)type;
        s->types[2 * i + 1] = (uint8_t)(type >> 8);
    }
    tn_buf_put_u8(out, changed);
    if (changed)
        tn_buf_append(out, s->types, 2 * s->mark_count);
    s->types_sent = true;
}

bool tn_mysql_send_execute(struct tn_mysql_conn *c)
{
    struct tn_mysql_statement *s = c->now.statement;
    struct tn_buf             *out = &c->wire.out;
    size_t                     begun = tn_mysql_wire_command(&c->wire, TN_MY_COM_STMT_EXECUTE), nulls;

    tn_my_put_u32(out, s->id);
    tn_buf_put_u8(out, 0); /* no cursor */
    tn_my_put_u32(out, 1);
    if (s->mark_count > 0) {
        nulls = out->len;
        for (size_t i = 0; i < (s->mark_count + 7) / 8; i++)
            tn_buf_put_u8(out, 0);
        for (size_t i = 0; i < s->mark_count && !out->failed; i++)
            if (value_of(c, i)->type == TN_TYPE_NULL)
                tn_bit_set((uint8_t *)out->data + nulls, (int64_t)i);
        put_types(c, out);
        for (size_t i = 0; i < s->mark_count; i++)
            put_value(c, out, value_of(c, i));
    }
    if (out->failed)
        s->types_sent = false;
    return sent(c, TN_MYSQL_EXECUTE, begun);
}

bool tn_mysql_send_bulk(struct tn_mysql_conn *c)
{
    enum { TYPES_COME = 128 };
    struct tn_mysql_statement *s = c->now.statement;
    size_t                     begun = tn_mysql_wire_command(&c->wire, TN_MY_COM_STMT_BULK_EXECUTE);

    tn_my_put_u32(&c->wire.out, s->id);
    tn_my_put_u16(&c->wire.out, TYPES_COME);
    tn_buf_put_str(&c->wire.out, c->run->bulk);
    s->types_sent = false; /* the server has others now */
    return sent(c, TN_MYSQL_EXECUTE, begun);
}
