#include "frontend/mysql/my_packet.h"
#include "frontend/mysql/my_types.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <stdlib.h>

static void test_integers_read_back(void)
{
    static const uint64_t values[] = {0, 1, 250, 251, 252, 255, 256, 65535, 65536, 0xffffff, 0x1000000, UINT64_MAX};
    struct tn_buf         out;
    struct tn_my_cursor   cursor;

    tn_buf_init(&out, 4096);
    for (size_t i = 0; i < TN_ARRAY_LEN(values); i++)
        tn_my_put_lenenc(&out, values[i]);
    tn_my_put_u16(&out, 0xabcd);
    tn_my_put_u32(&out, 0xdeadbeef);
    tn_my_put_u64(&out, UINT64_C(0x0123456789abcdef));
    tn_my_put_lenenc_str(&out, TN_STR("text"));
    tn_my_put_text(&out, TN_STR("nul"));
    tn_buf_puts(&out, "\xfbrest");
    cursor = tn_my_cursor_of(tn_buf_str(&out));
    for (size_t i = 0; i < TN_ARRAY_LEN(values); i++)
        CU_ASSERT_EQUAL(tn_my_get_lenenc(&cursor, NULL), values[i]);
    CU_ASSERT_EQUAL(tn_my_get_u16(&cursor), 0xabcd);
    CU_ASSERT_EQUAL(tn_my_get_u32(&cursor), 0xdeadbeef);
    CU_ASSERT_EQUAL(tn_my_get_u64(&cursor), UINT64_C(0x0123456789abcdef));
    CU_ASSERT(tn_str_eq_c(tn_my_get_lenenc_str(&cursor, NULL), "text"));
    CU_ASSERT(tn_str_eq_c(tn_my_get_text(&cursor), "nul"));
    bool null = false;
    CU_ASSERT(tn_my_get_lenenc_str(&cursor, &null).ptr == NULL && null);
    CU_ASSERT(tn_str_eq_c(tn_my_get_rest(&cursor), "rest"));
    CU_ASSERT(!cursor.failed);
    CU_ASSERT_EQUAL(tn_my_get_u8(&cursor), 0);
    CU_ASSERT(cursor.failed);
    tn_buf_reset(&out);
}

static void test_a_reader_stays_within_its_bytes(void)
{
    static const struct tn_str bad[] = {
        {"\xfe\xff\xff\xff\xff\xff\xff\xff\xff", 9}, {"\x05" "abcd", 5}, {"\xff", 1}, {"\xfb", 1}, {"\xfc\x01", 2}, {"", 0},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(bad); i++) {
        struct tn_my_cursor cursor = tn_my_cursor_of(bad[i]);

        CU_ASSERT_EQUAL(tn_my_get_lenenc_str(&cursor, NULL).len, 0);
        CU_ASSERT(cursor.failed);
        CU_ASSERT_EQUAL(tn_my_get_rest(&cursor).len, 0);
    }
}

/* A body of SIZE bytes, written, numbered, and read again byte by byte count where that is cheap. */
static void check_body(size_t size, unsigned frames)
{
    struct tn_buf       out;
    struct tn_my_packet packet;
    struct tn_error     err = TN_ERROR_INIT;
    uint8_t             sequence = 250;
    size_t              begun, used;

    tn_buf_init(&out, size + 4096);
    tn_buf_puts(&out, "before");
    begun = tn_my_begin_packet(&out);
    CU_ASSERT_FATAL(tn_buf_reserve(&out, size));
    for (size_t i = 0; i < size; i++)
        out.data[out.len++] = (char)(i * 31 >> 3);
    tn_my_end_packet(&out, begun, &sequence);
    CU_ASSERT(!out.failed);
    CU_ASSERT_EQUAL(sequence, (uint8_t)(250 + frames));
    CU_ASSERT_EQUAL(out.len, 6 + size + 4 * (size_t)frames);
    sequence = 7;
    tn_my_number_frames(out.data + 6, out.len - 6, &sequence);
    CU_ASSERT_EQUAL(sequence, 7 + frames);
    for (size_t cut = 0; cut < out.len - 6; cut = cut < 4 ? cut + 1 : cut * 2 + 1) {
        CU_ASSERT_EQUAL(tn_my_parse_packet(out.data + 6, cut, size, &packet, &used, &err), TN_AGAIN);
        CU_ASSERT(used > cut && used <= out.len - 6);
    }
    if (size > 0)
        CU_ASSERT_EQUAL(tn_my_parse_packet(out.data + 6, out.len - 6, size - 1, &packet, &used, &err), TN_E_LIMIT);
    CU_ASSERT_EQUAL(tn_my_parse_packet(out.data + 6, out.len - 6, size, &packet, &used, &err), TN_OK);
    CU_ASSERT_EQUAL(used, out.len - 6);
    CU_ASSERT_EQUAL(packet.body.len, size);
    CU_ASSERT_EQUAL(packet.sequence, (uint8_t)(7 + frames - 1));
    for (size_t i = 0; i < packet.body.len; i++)
        if (packet.body.ptr[i] != (char)(i * 31 >> 3)) {
            CU_FAIL("a byte has changed");
            break;
        }
    tn_buf_reset(&out);
}

static void test_packets_split_at_16_mb(void)
{
    check_body(0, 1);
    check_body(5, 1);
    check_body(TN_MY_FRAME_MAX - 1, 1);
    check_body(TN_MY_FRAME_MAX, 2);
    check_body(TN_MY_FRAME_MAX + 1, 2);
    check_body((size_t)TN_MY_FRAME_MAX * 2 + 17, 3);
}

static void test_types_of_columns(void)
{
    struct tn_column    decimal = {.type = TN_TYPE_DECIMAL64, .precision = 12, .scale = 2, .pg_typmod = -1};
    struct tn_column    text = {.type = TN_TYPE_TEXT, .pg_typmod = 14};
    struct tn_my_column column = tn_my_column_of(&decimal, 45);

    CU_ASSERT(column.type == TN_MY_TYPE_NEWDECIMAL && column.length == 14 && column.decimals == 2 && column.charset == 63);
    column = tn_my_column_of(&text, 45);
    CU_ASSERT(column.type == TN_MY_TYPE_VAR_STRING && column.length == 40 && column.charset == 45);
    CU_ASSERT_EQUAL(tn_my_charset_default(TN_STR("utf8"))->number, 33);
    CU_ASSERT_EQUAL(tn_my_collation_find(TN_STR("UTF8_bin"))->number, 83);
    CU_ASSERT_PTR_NULL(tn_my_collation_find(TN_STR("utf8_")));
    CU_ASSERT_STRING_EQUAL(tn_my_command_name(3), "COM_QUERY");
    CU_ASSERT_PTR_NULL(tn_my_command_name(200));
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("my_packet", NULL, NULL)) == NULL)
        return EXIT_FAILURE;
    CU_ADD_TEST(suite, test_integers_read_back);
    CU_ADD_TEST(suite, test_a_reader_stays_within_its_bytes);
    CU_ADD_TEST(suite, test_packets_split_at_16_mb);
    CU_ADD_TEST(suite, test_types_of_columns);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
