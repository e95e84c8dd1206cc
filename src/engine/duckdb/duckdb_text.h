/* duckdb_text.h - single values as DuckDB writes them (its cast to VARCHAR), for values inside JSON and for numbers wider
 * than 64 bits. Pure functions that append to a buffer. Time zones are UTC. */
#ifndef TN_ENGINE_DUCKDB_TEXT_H
#define TN_ENGINE_DUCKDB_TEXT_H

#include "base/buf.h"
#include "engine/duckdb/duckdb_types.h"

enum { TN_DUCKDB_DATE_INFINITY = INT32_MAX }; /* minus infinity is -INT32_MAX; timestamps likewise with INT64_MAX */
enum { TN_DUCKDB_BIGNUM_MAX = 65536 };        /* bytes of a BIGNUM that is written out; the time is quadratic */

void tn_duckdb_put_date(struct tn_buf *out, int32_t days);
void tn_duckdb_put_time(struct tn_buf *out, int64_t value, unsigned digits); /* digits: 6 microseconds, 9 nanoseconds */
void tn_duckdb_put_time_tz(struct tn_buf *out, uint64_t bits);
void tn_duckdb_put_timestamp(struct tn_buf *out, int64_t value, unsigned digits); /* 0 seconds, 3, 6, 9 */
void tn_duckdb_put_interval(struct tn_buf *out, const struct tn_duckdb_interval *interval);
void tn_duckdb_put_uuid(struct tn_buf *out, const struct tn_duckdb_hugeint *value);
void tn_duckdb_put_uhugeint(struct tn_buf *out, uint64_t upper, uint64_t lower);
void tn_duckdb_put_decimal(struct tn_buf *out, const struct tn_duckdb_hugeint *value, unsigned scale);
void tn_duckdb_put_double(struct tn_buf *out, double value, bool single); /* finite; the shortest that reads back */
void tn_duckdb_put_bit(struct tn_buf *out, const uint8_t *data, size_t len);
void tn_duckdb_put_blob(struct tn_buf *out, const uint8_t *data, size_t len); /* printable ASCII and \xHH */

/* False when it is longer than TN_DUCKDB_BIGNUM_MAX or broken. */
TN_MUST_USE bool tn_duckdb_put_bignum(struct tn_buf *out, const uint8_t *data, size_t len);

/* A UUID is stored as a signed number with its top bit turned; OUT gets the 16 bytes as written. */
void tn_duckdb_uuid_bytes(uint8_t out[16], const struct tn_duckdb_hugeint *value);

#endif
