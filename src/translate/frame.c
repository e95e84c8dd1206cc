#include "translate/frame.h"

enum { PLACE_SIZE = 13 };

const char *tn_verdict_name(enum tn_verdict verdict)
{
    static const char *const names[TN_VERDICT_COUNT] = {
#define VERDICT(value, name) [TN_VERDICT_##value] = name,
#include "translate/verdicts.def"
#undef VERDICT
    };

    return names[verdict];
}

uint32_t tn_frame_u32(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;

    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

void tn_frame_put_u32(struct tn_buf *out, uint32_t value)
{
    char bytes[4] = {(char)(value & 255), (char)(value >> 8 & 255), (char)(value >> 16 & 255), (char)(value >> 24)};

    tn_buf_append(out, bytes, sizeof bytes);
}

void tn_frame_begin(struct tn_buf *out, uint64_t id, enum tn_worker_operation operation)
{
    tn_buf_clear(out);
    tn_frame_put_u32(out, 0);
    tn_frame_put_u32(out, (uint32_t)id);
    tn_frame_put_u32(out, (uint32_t)(id >> 32));
    tn_buf_put_u8(out, (uint8_t)operation);
}

void tn_frame_field(struct tn_buf *out, struct tn_str field)
{
    tn_frame_put_u32(out, (uint32_t)field.len);
    tn_buf_append(out, field.ptr, field.len);
}

void tn_frame_end(struct tn_buf *out)
{
    uint32_t len = out->failed ? 0 : (uint32_t)(out->len - TN_FRAME_HEADER);

    for (int i = 0; i < TN_FRAME_HEADER && !out->failed; i++)
        out->data[i] = (char)(len >> 8 * i & 255);
}

bool tn_frame_read(struct tn_frame_answer *out, struct tn_str body)
{
    size_t at = TN_FRAME_BODY_MIN;

    if (body.len < TN_FRAME_BODY_MIN || (unsigned char)body.ptr[8] > TN_VERDICT_BROKEN)
        return false;
    *out = (struct tn_frame_answer){.id = tn_frame_u32(body.ptr) | (uint64_t)tn_frame_u32(body.ptr + 4) << 32,
                                    .verdict = (enum tn_verdict)body.ptr[8]};
    while (at < body.len) {
        size_t len;

        if (body.len - at < 4 || out->count == TN_FRAME_FIELDS)
            return false;
        len = tn_frame_u32(body.ptr + at);
        at += 4;
        if (len > body.len - at)
            return false;
        out->fields[out->count++] = tn_str_n(body.ptr + at, len);
        at += len;
    }
    return true;
}

bool tn_frame_place(struct tn_str places, size_t n, size_t text_len, struct tn_frame_place *out)
{
    const char *entry;
    size_t      end_before = 0;

    if (n >= TN_FRAME_PLACES || (n + 1) * PLACE_SIZE > places.len)
        return false;
    entry = places.ptr + n * PLACE_SIZE;
    if (n > 0)
        end_before = (size_t)tn_frame_u32(entry - PLACE_SIZE) + tn_frame_u32(entry - PLACE_SIZE + 4);
    *out = (struct tn_frame_place){.at = tn_frame_u32(entry), .len = tn_frame_u32(entry + 4), .kind = entry[8], .number = tn_frame_u32(entry + 9)};
    return out->at >= end_before && out->at <= text_len && out->len <= text_len - out->at;
}
