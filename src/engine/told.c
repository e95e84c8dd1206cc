#include "engine/told.h"

#include "base/compiler.h"

#include <stddef.h>

static const struct {
    enum tn_cfg_engine engine;
    enum tn_told       what;
    const char        *sql;
} told[] = {
#define TOLD(ENGINE, WHAT, sql) {TN_CFG_ENGINE_##ENGINE, TN_TOLD_##WHAT, sql},
#include "engine/told.def"
#undef TOLD
};

const char *tn_told_sql(enum tn_cfg_engine engine, enum tn_told what)
{
    if (engine == TN_CFG_ENGINE_STAR_ROCKS)
        engine = TN_CFG_ENGINE_MYSQL;
    for (size_t i = 0; i < TN_ARRAY_LEN(told); i++)
        if (told[i].engine == engine && told[i].what == what)
            return told[i].sql;
    return NULL;
}
