/* value.h - one typed value, for parameters. Text and bytes are views into the caller's memory. */
#ifndef TN_RESULT_VALUE_H
#define TN_RESULT_VALUE_H

#include "result/batch.h"

struct tn_interval {
    int32_t months, days;
    int64_t nanoseconds;
};

/* A value: the scalar is in the member that its type's row of types.def says. */
struct tn_value {
    enum tn_type type;    /* TN_TYPE_NULL: null; TEXT with `untyped`: the engine decides the type */
    bool         untyped;
    bool         is_list; /* a one-dimensional array: `list` holds `count` values of one type (or null) */
    union {
        bool               boolean;
        int64_t            i64;        /* INT8..INT64, DATE, TIME, TIMESTAMP, TIMESTAMPTZ */
        uint64_t           u64;        /* UINT* */
        double             f64;        /* FLOAT32, FLOAT64 */
        struct tn_str      text;       /* TEXT, JSON, NUMERIC, BYTES */
        uint8_t            uuid[16];
        struct tn_interval interval;
        struct {
            int64_t time_us;
            int32_t offset_s;          /* east of UTC */
        } timetz;
        struct {
            const struct tn_value *items;
            size_t                 count;
        } list;
    } as;
};

/* A parameter as the client bound it: the decoded value, and the PostgreSQL form for an engine that speaks it. */
struct tn_param {
    struct tn_value value;
    uint32_t        pg_oid;     /* 0 = not given */
    int16_t         pg_format;  /* 0 text, 1 binary */
    struct tn_str   pg_bytes;   /* ptr NULL = null */
};

struct tn_params {
    size_t                 count;
    const struct tn_param *items;
    bool                   raw_only; /* one of them has a type that only PostgreSQL knows: value is not decoded */
};

#endif
