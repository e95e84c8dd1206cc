/* catalog_type.h - an engine's name of a column's type -> what MySQL would call it, the same as results tell it. Pure. */
#ifndef TN_MYSQL_CATALOG_TYPE_H
#define TN_MYSQL_CATALOG_TYPE_H

#include "config/enums.h"
#include "result/batch.h"

enum { TN_MY_TYPE_TEXT_MAX = 1024 };

/* What information_schema.COLUMNS says of a type; -1 = NULL. */
struct tn_my_type_facts {
    char    column_type[TN_MY_TYPE_TEXT_MAX]; /* "decimal(10,2)" */
    char    data_type[32];                    /* "decimal" */
    int64_t chars, octets, precision, scale, fraction;
    bool    text;                             /* it has a character set */
};

/* COLUMN as results have it: "int", "varchar(20)", "datetime(6)". */
void tn_my_type_text(const struct tn_column *column, char *out, size_t size);

/* NATIVE: as ENGINE writes it, "TIMESTAMP WITH TIME ZONE". */
void tn_my_type_facts(enum tn_cfg_engine engine, struct tn_str native, struct tn_my_type_facts *out);

#endif
