#include "frontend/trino/trino_type.h"

enum { ANY_LENGTH = INT32_MAX, CHAR_MAX_LENGTH = 65536, MAX_PRECISION = 38, ANY_SCALE = 18, TYPMOD_HEADER = 4, TYPE_NAME_MAX = 1 << 20 };

enum parameters { NONE, LENGTH, DECIMAL, DATETIME };

static const struct {
    const char     *name, *suffix;
    enum parameters parameters;
} types[TN_TYPE_COUNT] = {
#define TRINO(type, name, suffix, parameters) [TN_TYPE_##type] = {name, suffix, parameters},
#include "frontend/trino/trino_type.def"
#undef TRINO
};

static void set_length(struct tn_trino_type *self, const struct tn_column *column)
{
    int64_t length = column->pg_typmod > TYPMOD_HEADER ? column->pg_typmod - TYPMOD_HEADER : ANY_LENGTH;

    self->char_n = column->pg_oid == TN_PG_BPCHAR && length <= CHAR_MAX_LENGTH;
    if (self->char_n)
        self->name = "char";
    else if (column->pg_oid != TN_PG_VARCHAR)
        length = ANY_LENGTH;
    self->argument_count = 1;
    self->arguments[0] = length;
    self->named = length != ANY_LENGTH;
}

static void set_decimal(struct tn_trino_type *self, const struct tn_column *column)
{
    int64_t precision = column->precision, scale = column->scale;

    if (column->type == TN_TYPE_UINT64) {
        precision = 20;
        scale = 0;
    } else if (precision == 0) {
        precision = MAX_PRECISION;
        scale = column->type == TN_TYPE_NUMERIC ? ANY_SCALE : scale;
    }
    self->arguments[0] = TN_MIN(precision, (int64_t)MAX_PRECISION);
    self->arguments[1] = scale < 0 ? 0 : TN_MIN(scale, self->arguments[0]);
    self->argument_count = 2;
    self->named = true;
}

static void set_digits(struct tn_trino_type *self, int digits, bool parametric)
{
    self->digits = (uint8_t)(digits >= 0 && digits <= 6 && !self->is_array ? digits : 6);
    if (!parametric) {
        self->digits = 3;
        return;
    }
    self->arguments[0] = self->digits;
    self->argument_count = 1;
    self->named = true;
}

/* PostgreSQL's INTERVAL YEAR, MONTH or YEAR TO MONTH: the fields are in the upper half of the typmod. */
static bool is_of_months(const struct tn_column *column)
{
    enum { MONTH = 1 << 1, YEAR = 1 << 2, FIELDS = 0x7FFF };
    int fields = column->pg_typmod < 0 ? 0 : (column->pg_typmod >> 16) & FIELDS;

    return column->type == TN_TYPE_INTERVAL && fields != 0 && (fields & ~(MONTH | YEAR)) == 0;
}

/* An engine that speaks PostgreSQL gives arrays as text, with the OID of the array. */
static const struct tn_pg_type *element_of(const struct tn_column *column)
{
    return column->type == TN_TYPE_TEXT ? tn_pg_type_element(column->pg_oid) : NULL;
}

struct tn_trino_type tn_trino_type_of(const struct tn_column *column, bool parametric)
{
    const struct tn_pg_type *element = element_of(column);
    struct tn_trino_type     self = {.type = element != NULL ? element->type : column->type, .is_array = element != NULL};
    struct tn_column         of_element = {.type = self.type, .pg_typmod = -1};

    if (element != NULL) {
        of_element.pg_oid = element->oid;
        of_element.pg_typmod = column->pg_typmod;
        column = &of_element;
    }
    self.name = types[self.type].name;
    self.suffix = types[self.type].suffix;
    switch (types[self.type].parameters) {
    case LENGTH: set_length(&self, column); break;
    case DECIMAL: set_decimal(&self, column); break;
    case DATETIME: set_digits(&self, column->pg_typmod, parametric); break;
    case NONE: break;
    }
    self.months = is_of_months(column);
    if (self.months)
        self.name = "interval year to month";
    self.of_day = self.type == TN_TYPE_INTERVAL && !self.is_array && column->precision > 0;
    if (self.of_day) {
        self.name = types[TN_TYPE_TIME].name;
        set_digits(&self, column->precision - 1, parametric);
    }
    return self;
}

/* The two ways in which Trino writes types: as signatures in the protocol's columns, `decimal(3, 2)` and `row(a b)`, and for
 * people, `decimal(3,2)` and `row("a" b)`. Presto's clients read `decimal(3,2)` alone, in columns, too. */
struct style {
    bool parametric, shown, presto;
};

static void put_scalar_name(struct tn_buf *out, const struct tn_trino_type *type, struct style style)
{
    if (type->is_array)
        tn_buf_puts(out, "array(");
    tn_buf_puts(out, type->name);
    for (unsigned i = 0; i < type->argument_count && type->named; i++)
        tn_buf_printf(out, "%s%lld%s", i == 0 ? "(" : style.shown || style.presto ? "," : ", ", (long long)type->arguments[i],
                      i + 1 == type->argument_count ? ")" : "");
    tn_buf_puts(out, type->suffix);
    if (type->is_array)
        tn_buf_puts(out, ")");
}

static const char *nesting_name(enum tn_nesting nesting)
{
    return nesting == TN_NESTING_LIST ? "array" : nesting == TN_NESTING_MAP ? "map" : "row";
}

static bool is_plain(struct tn_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = tn_ascii_lower(name.ptr[i]);

        if (!((c >= 'a' && c <= 'z') || c == '_' || (i > 0 && c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

static void put_field_name(struct tn_buf *out, struct tn_str name, struct style style)
{
    if (!style.shown && is_plain(name))
        tn_buf_put_str(out, name);
    else
        tn_buf_put_quoted(out, name, '"');
    tn_buf_put_u8(out, ' ');
}

static void put_type_name(struct tn_buf *out, const struct tn_column *column, struct style style)
{
    const struct tn_nested *nested = column->nested;
    struct tn_trino_type    type;

    if (nested == NULL) {
        type = tn_trino_type_of(column, style.parametric);
        put_scalar_name(out, &type, style);
        return;
    }
    tn_buf_printf(out, "%s(", nesting_name(nested->nesting));
    for (size_t i = 0; i < nested->count; i++) {
        tn_buf_puts(out, i > 0 ? ", " : "");
        if (nested->nesting == TN_NESTING_RECORD && nested->parts[i].name.len > 0)
            put_field_name(out, nested->parts[i].name, style);
        put_type_name(out, &nested->parts[i], style);
    }
    tn_buf_put_u8(out, ')');
}

void tn_trino_put_type_name(struct tn_buf *out, const struct tn_column *column, bool parametric)
{
    put_type_name(out, column, (struct style){.parametric = parametric});
}

void tn_trino_show_type_name(struct tn_buf *out, const struct tn_column *column, bool parametric)
{
    put_type_name(out, column, (struct style){.parametric = parametric, .shown = true});
}

static void put_scalar_signature(struct tn_json *json, const char *key, const struct tn_trino_type *type)
{
    char raw[64];

    snprintf(raw, sizeof raw, "%s%s", type->name, type->suffix);
    tn_json_open(json, key, '{');
    tn_json_text(json, "rawType", raw);
    tn_json_open(json, "arguments", '[');
    for (unsigned i = 0; i < type->argument_count; i++) {
        tn_json_open(json, NULL, '{');
        tn_json_text(json, "kind", "LONG");
        tn_json_u64(json, "value", (uint64_t)type->arguments[i]);
        tn_json_close(json, '}');
    }
    tn_json_close(json, ']');
    tn_json_close(json, '}');
}

static void put_pg_array_signature(struct tn_json *json, const char *key, const struct tn_trino_type *type)
{
    tn_json_open(json, key, '{');
    tn_json_text(json, "rawType", "array");
    tn_json_open(json, "arguments", '[');
    tn_json_open(json, NULL, '{');
    tn_json_text(json, "kind", "TYPE");
    put_scalar_signature(json, "value", type);
    tn_json_close(json, '}');
    tn_json_close(json, ']');
    tn_json_close(json, '}');
}

static void put_part_signature(struct tn_json *json, const struct tn_column *part, bool is_field, bool parametric)
{
    tn_json_open(json, NULL, '{');
    tn_json_text(json, "kind", is_field ? "NAMED_TYPE" : "TYPE");
    if (is_field) {
        tn_json_open(json, "value", '{');
        if (part->name.len > 0) {
            tn_json_open(json, "fieldName", '{');
            tn_json_str(json, "name", part->name);
            tn_json_close(json, '}');
        }
        tn_trino_put_signature(json, "typeSignature", part, parametric);
        tn_json_close(json, '}');
    } else {
        tn_trino_put_signature(json, "value", part, parametric);
    }
    tn_json_close(json, '}');
}

void tn_trino_put_signature(struct tn_json *json, const char *key, const struct tn_column *column, bool parametric)
{
    const struct tn_nested *nested = column->nested;
    struct tn_trino_type    type;

    if (nested == NULL) {
        type = tn_trino_type_of(column, parametric);
        (type.is_array ? put_pg_array_signature : put_scalar_signature)(json, key, &type);
        return;
    }
    tn_json_open(json, key, '{');
    tn_json_text(json, "rawType", nesting_name(nested->nesting));
    tn_json_open(json, "arguments", '[');
    for (size_t i = 0; i < nested->count; i++)
        put_part_signature(json, &nested->parts[i], nested->nesting == TN_NESTING_RECORD, parametric);
    tn_json_close(json, ']');
    tn_json_close(json, '}');
}

void tn_trino_put_columns(struct tn_json *json, const struct tn_schema *schema, bool parametric, bool presto)
{
    tn_json_open(json, "columns", '[');
    for (size_t i = 0; i < schema->count; i++) {
        struct tn_str name = schema->columns[i].name;
        struct tn_buf text;

        tn_buf_init(&text, TYPE_NAME_MAX);
        put_type_name(&text, &schema->columns[i], (struct style){.parametric = parametric, .presto = presto});
        tn_json_open(json, NULL, '{');
        tn_json_str(json, "name", name.ptr == NULL ? TN_STR("") : name);
        tn_json_str(json, "type", tn_buf_str(&text));
        tn_trino_put_signature(json, "typeSignature", &schema->columns[i], parametric);
        tn_json_close(json, '}');
        tn_buf_reset(&text);
    }
    tn_json_close(json, ']');
}
