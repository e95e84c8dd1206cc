#include "tools/cli/csv.h"

void tn_csv_text(struct tn_buf *out, struct tn_str text)
{
    tn_buf_put_u8(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            tn_buf_put_u8(out, '"');
        tn_buf_put_u8(out, (uint8_t)text.ptr[i]);
    }
    tn_buf_put_u8(out, '"');
}
