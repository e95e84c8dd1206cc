/* features.h - what one statement's text says about it: the struct that routers, guards, choosing and shapes read.
 * Filled by tn_features_read() (stats/features.c) in one pass of the lexer; it points into the text. */
#ifndef TN_STATS_FEATURES_H
#define TN_STATS_FEATURES_H

#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

enum tn_dialect {
    TN_DIALECT_POSTGRES,
    TN_DIALECT_DUCKDB,
    TN_DIALECT_SQLITE,
    TN_DIALECT_MYSQL,
    TN_DIALECT_TRINO,
    TN_DIALECT_CLICKHOUSE,
    TN_DIALECT_BIGQUERY,
    TN_DIALECT_SNOWFLAKE,
    TN_DIALECT_SPARK,
    TN_DIALECT_COUNT
};

/* What the statement does. `multi` is for routers: more than one statement in the text. */
enum tn_class {
    TN_CLASS_EMPTY,   /* nothing but white space and comments */
    TN_CLASS_READ,    /* known to change nothing: SELECT without INTO, FOR UPDATE, data-changing WITH or a function that is
                         known to change something (nextval, set_config, pg_advisory_lock ...), VALUES, TABLE, FROM t,
                         EXPLAIN without ANALYZE (or of a read), SHOW, DESCRIBE, SUMMARIZE, PRAGMA that only asks */
    TN_CLASS_WRITE,   /* INSERT UPDATE DELETE MERGE COPY TRUNCATE REPLACE CALL DO, and whatever is not known */
    TN_CLASS_DDL,     /* CREATE ALTER DROP GRANT REVOKE COMMENT REINDEX ... */
    TN_CLASS_UTILITY, /* SET RESET DISCARD COPY..TO STDOUT BEGIN COMMIT PREPARE EXECUTE DECLARE FETCH LISTEN LOCK VACUUM
                         ATTACH ... */
    TN_CLASS_MULTI
};
const char *tn_class_name(enum tn_class class); /* "read" */

/* The leading keyword, where the session or an engine must act on it. */
enum tn_verb {
    TN_VERB_OTHER,
    TN_VERB_SELECT, TN_VERB_VALUES, TN_VERB_TABLE, TN_VERB_WITH, TN_VERB_INSERT, TN_VERB_UPDATE, TN_VERB_DELETE, TN_VERB_MERGE,
    TN_VERB_COPY, TN_VERB_CREATE, TN_VERB_ALTER, TN_VERB_DROP, TN_VERB_TRUNCATE, TN_VERB_EXPLAIN,
    TN_VERB_SET, TN_VERB_SHOW, TN_VERB_RESET, TN_VERB_DISCARD, TN_VERB_BEGIN, TN_VERB_START, TN_VERB_COMMIT, TN_VERB_END,
    TN_VERB_ROLLBACK, TN_VERB_ABORT, TN_VERB_SAVEPOINT, TN_VERB_RELEASE, TN_VERB_PREPARE, TN_VERB_EXECUTE,
    TN_VERB_DEALLOCATE, TN_VERB_DECLARE, TN_VERB_FETCH, TN_VERB_MOVE, TN_VERB_CLOSE, TN_VERB_LISTEN, TN_VERB_UNLISTEN,
    TN_VERB_NOTIFY, TN_VERB_LOCK, TN_VERB_CALL, TN_VERB_DO, TN_VERB_USE, TN_VERB_PRAGMA, TN_VERB_ATTACH, TN_VERB_DETACH,
    TN_VERB_VACUUM, TN_VERB_ANALYZE, TN_VERB_DESCRIBE, TN_VERB_REPLACE, TN_VERB_LOAD, TN_VERB_INSTALL, TN_VERB_CHECKPOINT,
    TN_VERB_COUNT
};
const char *tn_verb_name(enum tn_verb verb); /* "SELECT"; "" for TN_VERB_OTHER */

enum { TN_FEATURES_TABLES = 32 };

enum tn_literal { TN_LITERAL_NUMBER = 1, TN_LITERAL_STRING = 2, TN_LITERAL_TIME = 4, TN_LITERAL_PARAM = 8 };

struct tn_features {
    enum tn_class class;
    enum tn_verb  verb;
    enum tn_verb  inner_verb;    /* of EXPLAIN, PREPARE .. AS, DECLARE .. FOR, WITH ..: the statement inside */
    uint64_t      template_hash; /* of the text without literals, comments and white space, keywords folded; 0 = none */
    unsigned      table_count;   /* distinct relation names kept, at most TN_FEATURES_TABLES */
    bool          more_tables;   /* there were more than that */
    struct tn_str tables[TN_FEATURES_TABLES]; /* as written, without quotes when the whole name is quoted: a, s.a */
    unsigned      param_count;   /* the highest $n or ?n, or the number of ? and named ones */
    unsigned      join_count;    /* JOIN, and commas between tables */
    unsigned      set_op_count;
    bool          has_where, has_group_by, has_order_by, has_distinct, has_aggregate, has_window, has_subquery, has_limit;
    bool          explain_analyze;
    bool          needs_session; /* leaves something behind on its connection: temporary table, LISTEN, advisory lock,
                                    PREPARE, cursor WITH HOLD, LOAD, ATTACH, USE, CREATE TEMP, set_config(..., false) */
    bool          has_into, for_update;
    bool          has_like;        /* LIKE, ILIKE, SIMILAR TO, REGEXP, RLIKE, GLOB */
    bool          limit_known;
    uint64_t      limit;           /* rows of the outermost LIMIT or FETCH FIRST; 0 unless limit_known */
    unsigned      longest_list;    /* elements of the longest IN (..) or ARRAY[..] of values, 0 = none */
    unsigned      value_rows;      /* rows of VALUES */
    unsigned      function_count, aggregate_count; /* calls, as written; the first holds the second */
    unsigned      literal_count;   /* with parameters */
    uint8_t       literal_classes; /* bits of enum tn_literal */
    uint8_t       range_class;     /* the widest range that literals tell (BETWEEN, d >= x AND d < y, INTERVAL, date_trunc):
                                      1 < 1 day or <= 10, 2 < 7 days or <= 1000, 3 < 31 days or <= 100000, 4 more, 0 = none */
    bool          sized_by_params; /* a LIMIT, a list or a range that a parameter's value tells the size of */
    struct tn_str inner;           /* of PREPARE .. AS: the statement that is prepared; empty for all others */
    bool          calls_volatile; /* random(): the same again would be another answer */
    bool          calls_unknown; /* a read calls a function that is not in functions.def: perhaps a user's own, with effects */
};

/* May it run a second time (after a failure, as a hedge, as a probe)? Only what is known to change nothing may. */
static inline bool tn_features_repeatable(const struct tn_features *features)
{
    return features->class == TN_CLASS_READ && !features->calls_unknown;
}

/* TEXT is one statement (TN_CLASS_MULTI when another one follows a semicolon). Never fails: what is not understood is
 * TN_CLASS_WRITE with TN_VERB_OTHER. Linear; about 64 KiB of stack. */
void tn_features_read(struct tn_features *out, struct tn_str text, enum tn_dialect dialect);

/* The next statement of TEXT (without its semicolon and surrounding white space, with its comments), or false at the end.
 * Statements that hold nothing but comments are skipped; *AT starts at 0. Strings, dollar quotes, comments, BEGIN ATOMIC
 * bodies, trigger and procedure bodies (BEGIN .. END) and parentheses are respected. An unterminated string or comment
 * runs to the end of the text. */
bool tn_statement_next(struct tn_str text, enum tn_dialect dialect, size_t *at, struct tn_str *statement);

/* Routing wishes of a leading comment, slash-star + turnout(group=etl, cluster=pg-1, tags='a:1,b', strategy=cost) star-slash.
 * White space and other comments may stand before it; a hint comment that does not begin with turnout is left alone. The
 * values point into the statement. */
struct tn_hint {
    struct tn_str group, cluster, tags, strategy, priority;
};
/* TN_OK also when there is no hint (all empty); TN_E_INVALID with ERR for a hint that cannot be read. */
TN_MUST_USE enum tn_status tn_hint_read(struct tn_hint *out, struct tn_str statement, struct tn_error *err);

/* TEXT with its literals (strings, numbers) replaced by `?` and each comment by a space, into OUT (NUL-terminated, cut at
 * SIZE before a character that does not fit); the written length. SIZE > 0. */
size_t tn_text_without_literals(char *out, size_t size, struct tn_str text, enum tn_dialect dialect);

#endif
