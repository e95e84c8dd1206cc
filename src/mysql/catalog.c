#include "mysql/catalog.h"

#include "engine/told.h"
#include "session/words.h"

/* The words of catalog.def's third argument. */
enum {
#define CORE(NAME, table, columns) NAME = 1 << TN_MY_CORE_##NAME,
#define OWN(NAME, table, columns) NAME = 1 << TN_MY_CORE_##NAME,
#define TOLD(ENGINE, CORE, sql)
#define RELATION(schema, name, needs, columns, sql)
#include "mysql/catalog.def"
#undef CORE
#undef OWN
#undef TOLD
#undef RELATION
};

static const struct {
    const char *table, *columns;
    bool        own;
} cores[] = {
#define CORE(NAME, table, columns) {#table, columns, false},
#define OWN(NAME, table, columns) {#table, columns, true},
#define TOLD(ENGINE, CORE, sql)
#define RELATION(schema, name, needs, columns, sql)
#include "mysql/catalog.def"
#undef CORE
#undef OWN
#undef TOLD
#undef RELATION
};

static const struct {
    enum tn_cfg_engine engine;
    enum tn_my_core    core;
    const char        *sql;
} told[] = {
#define CORE(NAME, table, columns)
#define OWN(NAME, table, columns)
#define TOLD(ENGINE, CORE, sql) {TN_CFG_ENGINE_##ENGINE, TN_MY_CORE_##CORE, sql},
#define RELATION(schema, name, needs, columns, sql)
#include "mysql/catalog.def"
#undef CORE
#undef OWN
#undef TOLD
#undef RELATION
};

static const struct tn_my_relation relations[] = {
#define CORE(NAME, table, columns)
#define OWN(NAME, table, columns)
#define TOLD(ENGINE, CORE, sql)
#define RELATION(schema, name, needs, columns, sql) {schema, name, needs, columns, sql},
#include "mysql/catalog.def"
#undef CORE
#undef OWN
#undef TOLD
#undef RELATION
};

_Static_assert(TN_ARRAY_LEN(relations) <= 64, "relations are told in 64 bits");

size_t tn_my_relation_count(void)
{
    return TN_ARRAY_LEN(relations);
}

const struct tn_my_relation *tn_my_relation_at(size_t i)
{
    return &relations[i];
}

const char *tn_my_core_table(enum tn_my_core core)
{
    return cores[core].table;
}

const char *tn_my_core_columns(enum tn_my_core core)
{
    return cores[core].columns;
}

bool tn_my_core_is_own(enum tn_my_core core)
{
    return cores[core].own;
}

/* Servers of MySQL's kind have such tables themselves. */
static const char *told_elsewhere(enum tn_cfg_engine engine, enum tn_my_core core)
{
    static const enum tn_told whats[] = {
        [TN_MY_CORE_SCHEMATA] = TN_TOLD_SCHEMATA, [TN_MY_CORE_TABLES] = TN_TOLD_TABLES, [TN_MY_CORE_COLUMNS] = TN_TOLD_COLUMNS, [TN_MY_CORE_KEYS] = TN_TOLD_KEYS,
        [TN_MY_CORE_INDEXES] = TN_TOLD_INDEXES, [TN_MY_CORE_VIEWS] = TN_TOLD_VIEWS, [TN_MY_CORE_ROUTINES] = TN_TOLD_ROUTINES,
    };

    return engine == TN_CFG_ENGINE_MYSQL || engine == TN_CFG_ENGINE_STAR_ROCKS || (size_t)core >= TN_ARRAY_LEN(whats) ? NULL : tn_told_sql(engine, whats[core]);
}

const char *tn_my_core_sql(enum tn_cfg_engine engine, enum tn_my_core core)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(told); i++)
        if (told[i].engine == engine && told[i].core == core)
            return told[i].sql;
    return told_elsewhere(engine, core);
}

bool tn_my_catalog_has(enum tn_cfg_engine engine)
{
    return tn_my_core_sql(engine, TN_MY_CORE_SCHEMATA) != NULL;
}

/* ---- names in a statement ---- */

static bool is_name(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT;
}

bool tn_my_catalog_is_schema(struct tn_str name)
{
    return tn_str_ieq_c(name, "information_schema") || tn_str_ieq_c(name, "performance_schema");
}

static uint64_t find(struct tn_str schema, struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(relations); i++)
        if (tn_str_ieq_c(schema, relations[i].schema) && tn_str_ieq_c(name, relations[i].name))
            return UINT64_C(1) << i;
    return 0;
}

/* As tn_my_catalog_is_schema() knows them. Most statements name neither, and are not read. */
static bool may_name_schema(struct tn_str sql)
{
    return tn_str_holds(sql, TN_STR("_schema"));
}

uint64_t tn_my_catalog_mentions(struct tn_str sql, struct tn_str database)
{
    struct tn_words words;
    struct tn_str      schema = tn_str_n(NULL, 0), name;
    uint64_t           found = 0;
    bool               own = tn_my_catalog_is_schema(database), behind_dot = false;

    if (!own && !may_name_schema(sql))
        return 0;
    tn_words_init(&words, sql, TN_DIALECT_MYSQL);
    while (words.token.kind != TN_TOKEN_END) {
        name = is_name(&words.token) ? tn_token_name(&words.token) : tn_str_n(NULL, 0);
        if (name.len > 0 && behind_dot && schema.len > 0)
            found |= find(schema, name);
        else if (name.len > 0 && !behind_dot && own)
            found |= find(database, name);
        behind_dot = words.token.punct == '.';
        if (!behind_dot)
            schema = tn_my_catalog_is_schema(name) ? name : tn_str_n(NULL, 0);
        tn_words_next(&words);
    }
    return found;
}

unsigned tn_my_catalog_needs(uint64_t which)
{
    unsigned needs = 0;

    for (size_t i = 0; i < TN_ARRAY_LEN(relations); i++)
        if ((which & UINT64_C(1) << i) != 0)
            needs |= relations[i].needs;
    return needs;
}
