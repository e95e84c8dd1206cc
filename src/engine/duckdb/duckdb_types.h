/* duckdb_types.h - the part of DuckDB's C interface (ABI of v1.5.5) that Turnout uses, in its own words: handles, the
 * few structs that are passed by value or laid out in vectors, and the numbers of its enums.
 *
 * The library is loaded at run time, so that its header is not needed to build. tests/unit/duckdb_library_test.c
 * compares everything here with the real header when that is on the machine. */
#ifndef TN_ENGINE_DUCKDB_TYPES_H
#define TN_ENGINE_DUCKDB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Handles are pointers to what the library alone looks into. */
typedef struct tn_duckdb_database_   *tn_duckdb_database;
typedef struct tn_duckdb_connection_ *tn_duckdb_connection;
typedef struct tn_duckdb_config_     *tn_duckdb_config;
typedef struct tn_duckdb_prepared_   *tn_duckdb_prepared;
typedef struct tn_duckdb_extracted_  *tn_duckdb_extracted;
typedef struct tn_duckdb_pending_    *tn_duckdb_pending;
typedef struct tn_duckdb_chunk_      *tn_duckdb_chunk;
typedef struct tn_duckdb_vector_     *tn_duckdb_vector;
typedef struct tn_duckdb_logical_    *tn_duckdb_logical;
typedef struct tn_duckdb_value_      *tn_duckdb_value;
typedef struct tn_duckdb_profile_    *tn_duckdb_profile;

enum { TN_DUCKDB_OK = 0 }; /* of functions that return a state (int); anything else is failure */

/* Type ids that have a mapping here; see the table in duckdb_schema.h. */
enum tn_duckdb_type {
    TN_DUCKDB_INVALID = 0,
    TN_DUCKDB_BOOLEAN = 1,
    TN_DUCKDB_TINYINT = 2,
    TN_DUCKDB_SMALLINT = 3,
    TN_DUCKDB_INTEGER = 4,
    TN_DUCKDB_BIGINT = 5,
    TN_DUCKDB_UTINYINT = 6,
    TN_DUCKDB_USMALLINT = 7,
    TN_DUCKDB_UINTEGER = 8,
    TN_DUCKDB_UBIGINT = 9,
    TN_DUCKDB_FLOAT = 10,
    TN_DUCKDB_DOUBLE = 11,
    TN_DUCKDB_TIMESTAMP = 12,
    TN_DUCKDB_DATE = 13,
    TN_DUCKDB_TIME = 14,
    TN_DUCKDB_INTERVAL = 15,
    TN_DUCKDB_HUGEINT = 16,
    TN_DUCKDB_VARCHAR = 17,
    TN_DUCKDB_BLOB = 18,
    TN_DUCKDB_DECIMAL = 19,
    TN_DUCKDB_TIMESTAMP_S = 20,
    TN_DUCKDB_TIMESTAMP_MS = 21,
    TN_DUCKDB_TIMESTAMP_NS = 22,
    TN_DUCKDB_ENUM = 23,
    TN_DUCKDB_LIST = 24,
    TN_DUCKDB_STRUCT = 25,
    TN_DUCKDB_MAP = 26,
    TN_DUCKDB_UUID = 27,
    TN_DUCKDB_UNION = 28,
    TN_DUCKDB_BIT = 29,
    TN_DUCKDB_TIME_TZ = 30,
    TN_DUCKDB_TIMESTAMP_TZ = 31,
    TN_DUCKDB_UHUGEINT = 32,
    TN_DUCKDB_ARRAY = 33,
    TN_DUCKDB_ANY = 34,
    TN_DUCKDB_BIGNUM = 35,
    TN_DUCKDB_SQLNULL = 36,
    TN_DUCKDB_TIME_NS = 39,
    TN_DUCKDB_GEOMETRY = 40,
    TN_DUCKDB_VARIANT = 41,
};

enum tn_duckdb_statement {
    TN_DUCKDB_STATEMENT_SELECT = 1,
    TN_DUCKDB_STATEMENT_INSERT = 2,
    TN_DUCKDB_STATEMENT_UPDATE = 3,
    TN_DUCKDB_STATEMENT_EXPLAIN = 4,
    TN_DUCKDB_STATEMENT_DELETE = 5,
    TN_DUCKDB_STATEMENT_PREPARE = 6,
    TN_DUCKDB_STATEMENT_CREATE = 7,
    TN_DUCKDB_STATEMENT_EXECUTE = 8,
    TN_DUCKDB_STATEMENT_TRANSACTION = 10,
    TN_DUCKDB_STATEMENT_COPY = 11,
    TN_DUCKDB_STATEMENT_CALL = 19,
    TN_DUCKDB_STATEMENT_SET = 20,
    TN_DUCKDB_STATEMENT_MERGE = 30,
};

enum tn_duckdb_return {
    TN_DUCKDB_RETURN_INVALID = 0,
    TN_DUCKDB_RETURN_CHANGED_ROWS = 1,
    TN_DUCKDB_RETURN_NOTHING = 2,
    TN_DUCKDB_RETURN_ROWS = 3,
};

/* Classes of error, only those that are told apart. */
enum tn_duckdb_error {
    TN_DUCKDB_ERROR_INVALID = 0,
    TN_DUCKDB_ERROR_OUT_OF_RANGE = 1,
    TN_DUCKDB_ERROR_CONVERSION = 2,
    TN_DUCKDB_ERROR_UNKNOWN_TYPE = 3,
    TN_DUCKDB_ERROR_DECIMAL = 4,
    TN_DUCKDB_ERROR_MISMATCH_TYPE = 5,
    TN_DUCKDB_ERROR_DIVIDE_BY_ZERO = 6,
    TN_DUCKDB_ERROR_OBJECT_SIZE = 7,
    TN_DUCKDB_ERROR_INVALID_TYPE = 8,
    TN_DUCKDB_ERROR_SERIALIZATION = 9,
    TN_DUCKDB_ERROR_TRANSACTION = 10,
    TN_DUCKDB_ERROR_NOT_IMPLEMENTED = 11,
    TN_DUCKDB_ERROR_CATALOG = 13,
    TN_DUCKDB_ERROR_PARSER = 14,
    TN_DUCKDB_ERROR_CONSTRAINT = 18,
    TN_DUCKDB_ERROR_CONNECTION = 21,
    TN_DUCKDB_ERROR_SYNTAX = 22,
    TN_DUCKDB_ERROR_SETTINGS = 23,
    TN_DUCKDB_ERROR_BINDER = 24,
    TN_DUCKDB_ERROR_NETWORK = 25,
    TN_DUCKDB_ERROR_IO = 28,
    TN_DUCKDB_ERROR_INTERRUPT = 29,
    TN_DUCKDB_ERROR_FATAL = 30,
    TN_DUCKDB_ERROR_INTERNAL = 31,
    TN_DUCKDB_ERROR_INVALID_INPUT = 32,
    TN_DUCKDB_ERROR_OUT_OF_MEMORY = 33,
    TN_DUCKDB_ERROR_PERMISSION = 34,
    TN_DUCKDB_ERROR_PARAMETER_NOT_RESOLVED = 35,
    TN_DUCKDB_ERROR_PARAMETER_NOT_ALLOWED = 36,
    TN_DUCKDB_ERROR_DEPENDENCY = 37,
    TN_DUCKDB_ERROR_HTTP = 38,
    TN_DUCKDB_ERROR_MISSING_EXTENSION = 39,
    TN_DUCKDB_ERROR_AUTOLOAD = 40,
    TN_DUCKDB_ERROR_SEQUENCE = 41,
    TN_DUCKDB_ERROR_CONFIGURATION = 42,
};

/* Passed by value; 48 bytes of which only the library reads any. */
struct tn_duckdb_result {
    uint64_t unused[3];
    void    *unused_pointers[2];
    void    *internal;
};

struct tn_duckdb_hugeint {
    uint64_t lower;
    int64_t  upper;
};

struct tn_duckdb_uhugeint {
    uint64_t lower;
    uint64_t upper;
};

struct tn_duckdb_decimal {
    uint8_t                  width;
    uint8_t                  scale;
    struct tn_duckdb_hugeint value;
};

struct tn_duckdb_interval {
    int32_t months;
    int32_t days;
    int64_t micros;
};

/* Structs of one member, in the interface to tell units apart; passed as that member is. */
struct tn_duckdb_date {
    int32_t days;
};

struct tn_duckdb_micros { /* time, timestamp, timestamp with time zone */
    int64_t micros;
};

struct tn_duckdb_time_tz {
    uint64_t bits; /* microseconds << 24 | (57599 - seconds east of UTC) */
};

/* A string in a vector: up to 12 bytes are in place, longer ones behind the pointer. */
struct tn_duckdb_string {
    union {
        struct {
            uint32_t length;
            char     bytes[12];
        } inlined;
        struct {
            uint32_t    length;
            char        prefix[4];
            const char *ptr;
        } pointer;
    } as;
};

enum { TN_DUCKDB_INLINE_LENGTH = 12 };

struct tn_duckdb_list_entry {
    uint64_t offset;
    uint64_t length;
};

#endif
