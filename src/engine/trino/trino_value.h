/* trino_value.h - one value of a page's `data` into a batch, by its column's type. Digits of a second beyond the sixth are
 * rounded half up, as Trino's own cast to timestamp(6) does. Arrays, maps and rows become JSON text; a row whose fields
 * have names is an object. */
#ifndef TN_ENGINE_TRINO_VALUE_H
#define TN_ENGINE_TRINO_VALUE_H

#include "base/buf.h"
#include "base/tz.h"
#include "engine/trino/trino_json.h"
#include "engine/trino/trino_type.h"
#include "result/builder.h"
#include "result/value.h"

enum { TN_TRINO_ZONES = 8 };

/* What decoding needs besides: memory used again from value to value, and the zones met lately. Own thread only. */
struct tn_trino_decoder {
    struct tn_buf text;
    struct {
        char          name[48];
        struct tn_tz *tz;
    } zones[TN_TRINO_ZONES];
    unsigned next_zone;
};

void tn_trino_decoder_init(struct tn_trino_decoder *decoder, size_t max_bytes);
void tn_trino_decoder_reset(struct tn_trino_decoder *decoder);

/* The value at IN, which moves behind it also when it does not fit (TN_AGAIN, as of the builder): keep a copy of IN. What is
 * not of the type is TN_E_ENGINE 08P01, naming the column. */
TN_MUST_USE enum tn_status tn_trino_value_put(struct tn_trino_decoder *decoder, struct tn_builder *builder, size_t column,
                                              const struct tn_column *of, const struct tn_trino_type *type,
                                              struct tn_trino_json *in, struct tn_error *err);

/* The texts of the protocol; false: it is none. */
bool tn_trino_date(struct tn_str text, int32_t *days);            /* [-]yyyy-mm-dd, ISO 8601: year 0 is 1 BC */
bool tn_trino_time(struct tn_str text, int64_t *us);              /* hh:mm:ss[.fraction] */
bool tn_trino_time_tz(struct tn_str text, int64_t *us, int32_t *east_s);
bool tn_trino_timestamp(struct tn_str text, int64_t *us);         /* date, blank, time */
bool tn_trino_timestamp_tz(struct tn_trino_decoder *decoder, struct tn_str text, int64_t *us); /* and a zone behind */
bool tn_trino_year_to_month(struct tn_str text, struct tn_interval *out); /* [-]years-months */
bool tn_trino_day_to_second(struct tn_str text, struct tn_interval *out); /* [-]days hh:mm:ss.fraction */

#endif
