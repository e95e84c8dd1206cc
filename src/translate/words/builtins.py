"""Which of the engines have which functions, by their names: p PostgreSQL, d DuckDB, s SQLite with Turnout's own, m MySQL and MariaDB, t Trino. What all of
them have, and what is a word of the grammar, is not in it; nor is what only an extension brings. A function that a client's dialect has and the engine has not is
refused, instead of sent to be called unknown there."""

GRAMMAR = frozenset("""abs acos all and any array asin atan atan2 avg binary bit bit_count case cast ceil ceiling char coalesce columns concat convert cos count cume_dist
current_catalog current_date current_role current_schema current_time current_timestamp current_user date decimal degrees dense_rank exists exp
extract filter first_value floor format generate_series greatest grouping if in interval json_array json_object json_table lag last_value lead least
left length ln localtime localtimestamp log log10 lower ltrim max md5 min mod not nth_value ntile nullif numeric or over overlay partition
percent_rank pi position pow power radians random rank regexp_replace replace reverse right round row row_number rtrim session_user set sign sin some
sqrt stddev stddev_pop stddev_samp substr substring sum system_user table tan text time timestamp trim try_cast unique unnest upper user utc_date
utc_time utc_timestamp values var_pop var_samp varchar variance xmlelement year""".split()) # of all, or read by the grammar
FUNCTIONS = {
    "dsmt": "from_base64 json_extract log2 sha1 to_base64",
    "pdmt": "any_value chr concat_ws date_add json_exists json_value lpad now repeat rpad version",
    "pdsm": "bit_and bit_or bit_xor",
    "pdst": "cosh json_array_length sinh split_part tanh",
    "dmt": "day hour minute month quarter second uuid week",
    "dsm": "bin group_concat hex instr json_quote json_type json_valid unhex",
    "dst": "max_by min_by typeof",
    "pdm": "ascii bit_length char_length character_length cot decode encode octet_length",
    "pds": "acosh asinh atanh json_each trunc",
    "pdt": "array_agg array_position array_sort bool_and bool_or cardinality cbrt corr covar_pop covar_samp date_trunc regr_intercept regr_slope sha256 "
         "starts_with strpos timezone to_hex translate",
    "pmt": "crc32 json_query regexp_like",
    "psm": "percentile_cont percentile_disc regexp_substr",
    "smt": "soundex",
    "dm": "date_sub datediff dayname dayofmonth dayofweek dayofyear format_bytes json_contains json_keys json_merge_patch json_pretty last_day lcase median "
         "microsecond monthname ord to_days to_seconds ucase weekday weekofyear yearweek",
    "ds": "glob json json_group_array json_group_object json_tree printf strftime unicode",
    "dt": "arbitrary array_distinct array_intersect bar contains count_if date_diff element_at flatten from_hex geometric_mean histogram kurtosis listagg map "
         "map_concat map_entries map_from_entries map_keys map_values millisecond reduce regexp_extract regexp_extract_all skewness split timezone_hour "
         "timezone_minute to_base to_milliseconds url_decode url_encode",
    "mt": "date_format from_unixtime rand truncate",
    "pd": "age array_append array_cat array_length array_prepend array_reverse array_to_json array_to_string col_description current_database current_query "
         "current_schemas current_setting currval date_part enum_range factorial gamma gcd gen_random_uuid generate_subscripts get_bit inet_client_addr isfinite "
         "json_extract_path json_extract_path_text lcm lgamma make_date make_time make_timestamp make_timestamptz mode nextval obj_description pg_size_pretty "
         "pg_sleep pg_typeof regexp_matches regexp_split_to_array regexp_split_to_table regr_avgx regr_avgy regr_count regr_r2 regr_sxx regr_sxy regr_syy "
         "row_to_json set_bit setseed shobj_description string_agg string_to_array to_json to_timestamp transaction_timestamp uuidv4 uuidv7",
    "pm": "crc32c json_arrayagg json_objectagg regexp_instr to_char",
    "ps": "initcap",
    "pt": "array_remove every normalize regexp_count sha512 trim_array width_bucket",
    "sm": "ifnull json_insert json_remove json_replace json_set quote sha2 sleep substring_index",
    "d": "add add_parquet_key aggregate ago alias all_profiling_output apply approx_count_distinct approx_quantile approx_top_k arg_max arg_max_null "
         "arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_aggr array_aggregate array_apply array_concat array_contains "
         "array_cosine_distance array_cosine_similarity array_cross_product array_distance array_dot_product array_extract array_filter array_grade_up array_has "
         "array_has_all array_has_any array_indexof array_inner_product array_negative_dot_product array_negative_inner_product array_pop_back array_pop_front "
         "array_push_back array_push_front array_reduce array_resize array_reverse_sort array_select array_slice array_to_string_comma_default array_transform "
         "array_unique array_value array_where array_zip arrow_scan arrow_scan_dumb base64 bit_position bitstring bitstring_agg can_cast_implicitly cast_to_type "
         "century check_peg_parser checkpoint collations combine constant_or_null copy_database count_star countif create_sort_key current_connection_id "
         "current_localtime current_localtimestamp current_query_id current_transaction_id damerau_levenshtein database_list database_size datepart datesub "
         "datetrunc days_in_month decade disable_checkpoint_on_shutdown disable_logging disable_object_cache disable_optimizer disable_peg_parser "
         "disable_print_progress_bar disable_profile disable_profiling disable_progress_bar disable_verification disable_verify_external "
         "disable_verify_fetch_row disable_verify_parallelism disable_verify_serializer divide editdist3 enable_checkpoint_on_shutdown enable_logging "
         "enable_object_cache enable_optimizer enable_peg_parser enable_print_progress_bar enable_profile enable_profiling enable_progress_bar "
         "enable_verification ends_with entropy enum_code enum_first enum_last enum_range_boundary epoch epoch_ms epoch_ns epoch_us equi_width_bins era error "
         "even extension_versions favg fdiv fill finalize first fmod force_checkpoint format_pg_type format_type formatreadabledecimalsize formatreadablesize "
         "from_binary from_json from_json_strict fsum functions geomean get_block_size get_current_time get_current_timestamp get_type getvariable grade_up "
         "greatest_common_divisor hamming has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege "
         "has_function_privilege has_language_privilege has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege "
         "has_tablespace_privilege hash histogram_exact histogram_values icu_calendar_names icu_collate_af icu_collate_am icu_collate_ar icu_collate_ar_sa "
         "icu_collate_as icu_collate_az icu_collate_be icu_collate_bg icu_collate_bn icu_collate_bo icu_collate_br icu_collate_bs icu_collate_ca icu_collate_ceb "
         "icu_collate_chr icu_collate_cs icu_collate_cy icu_collate_da icu_collate_de icu_collate_de_at icu_collate_dsb icu_collate_dz icu_collate_ee "
         "icu_collate_el icu_collate_en icu_collate_en_us icu_collate_eo icu_collate_es icu_collate_et icu_collate_fa icu_collate_fa_af icu_collate_ff "
         "icu_collate_fi icu_collate_fil icu_collate_fo icu_collate_fr icu_collate_fr_ca icu_collate_fy icu_collate_ga icu_collate_gl icu_collate_gu "
         "icu_collate_ha icu_collate_haw icu_collate_he icu_collate_he_il icu_collate_hi icu_collate_hr icu_collate_hsb icu_collate_hu icu_collate_hy "
         "icu_collate_id icu_collate_id_id icu_collate_ig icu_collate_is icu_collate_it icu_collate_ja icu_collate_ka icu_collate_kk icu_collate_kl "
         "icu_collate_km icu_collate_kn icu_collate_ko icu_collate_kok icu_collate_ku icu_collate_ky icu_collate_lb icu_collate_lij icu_collate_lkt "
         "icu_collate_ln icu_collate_lo icu_collate_lt icu_collate_lv icu_collate_mk icu_collate_ml icu_collate_mn icu_collate_mr icu_collate_ms icu_collate_mt "
         "icu_collate_my icu_collate_nb icu_collate_nb_no icu_collate_ne icu_collate_nl icu_collate_nn icu_collate_noaccent icu_collate_nso icu_collate_om "
         "icu_collate_or icu_collate_pa icu_collate_pa_in icu_collate_pl icu_collate_ps icu_collate_pt icu_collate_ro icu_collate_ru icu_collate_sa "
         "icu_collate_se icu_collate_si icu_collate_sk icu_collate_sl icu_collate_smn icu_collate_sq icu_collate_sr icu_collate_sr_ba icu_collate_sr_me "
         "icu_collate_sr_rs icu_collate_st icu_collate_sv icu_collate_sw icu_collate_ta icu_collate_te icu_collate_th icu_collate_tk icu_collate_tn "
         "icu_collate_to icu_collate_tr icu_collate_ug icu_collate_uk icu_collate_ur icu_collate_uz icu_collate_vi icu_collate_wae icu_collate_wo icu_collate_xh "
         "icu_collate_yi icu_collate_yo icu_collate_yue icu_collate_yue_cn icu_collate_zh icu_collate_zh_cn icu_collate_zh_hk icu_collate_zh_mo "
         "icu_collate_zh_sg icu_collate_zh_tw icu_collate_zu icu_sort_key ilike_escape import_database in_search_path inet_client_port inet_server_addr "
         "inet_server_port is_histogram_other_bin isinf isnan isodow isoyear jaccard jaro_similarity jaro_winkler_similarity json_deserialize_sql "
         "json_execute_serialized_sql json_extract_string json_group_structure json_serialize_plan json_serialize_sql json_structure json_transform "
         "json_transform_strict julian kahan_sum kurtosis_pop last least_common_multiple left_grapheme len length_grapheme levenshtein like_escape list "
         "list_aggr list_aggregate list_any_value list_append list_apply list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor list_bool_and "
         "list_bool_or list_cat list_concat list_contains list_cosine_distance list_cosine_similarity list_count list_distance list_distinct list_dot_product "
         "list_element list_entropy list_extract list_filter list_first list_grade_up list_has list_has_all list_has_any list_histogram list_indexof "
         "list_inner_product list_intersect list_kurtosis list_kurtosis_pop list_last list_mad list_max list_median list_min list_mode list_negative_dot_product "
         "list_negative_inner_product list_pack list_position list_prepend list_product list_reduce list_resize list_reverse list_reverse_sort list_select "
         "list_sem list_skewness list_slice list_sort list_stddev_pop list_stddev_samp list_string_agg list_sum list_transform list_unique list_value "
         "list_var_pop list_var_samp list_where list_zip mad make_timestamp_ms make_timestamp_ns make_type map_contains map_contains_entry map_contains_value "
         "map_extract map_extract_value map_to_pg_oid md5_number md5_number_lower md5_number_upper mean metadata_info millennium mismatches multiply nanosecond "
         "nextafter nfc_normalize normalized_interval not_ilike_escape not_like_escape parquet_bloom_probe parquet_file_metadata parquet_full_metadata "
         "parquet_kv_metadata parquet_metadata parquet_scan parquet_schema parse_dirname parse_dirpath parse_duckdb_log_message parse_filename "
         "parse_formatted_bytes parse_path pg_collation_is_visible pg_conf_load_time pg_conversion_is_visible pg_function_is_visible pg_has_role "
         "pg_is_other_temp_schema pg_my_temp_schema pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible pg_postmaster_start_time "
         "pg_table_is_visible pg_timezone_names pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible "
         "pg_type_is_visible platform prefix product quantile quantile_cont quantile_disc query query_table range rank_dense read_blob read_csv read_csv_auto "
         "read_duckdb read_json read_json_auto read_json_objects read_json_objects_auto read_ndjson read_ndjson_auto read_ndjson_objects read_parquet read_text "
         "regexp_escape regexp_full_match remap_struct repeat_row replace_type reservoir_quantile right_grapheme round_even roundbankers sem seq_scan show "
         "show_databases show_tables show_tables_expanded signbit sleep_ms sniff_csv sql_auto_complete stats storage_info str_split str_split_regex string_split "
         "string_split_regex strip_accents strlen strptime struct_concat struct_contains struct_extract struct_extract_at struct_has struct_indexof "
         "struct_insert struct_keys struct_pack struct_position struct_update struct_values substring_grapheme subtract suffix sum_no_overflow sumkahan summary "
         "switch table_info test_all_types test_vector_types time_bucket timetz_byte_comparable to_binary to_centuries to_decades to_hours to_microseconds "
         "to_millennia to_minutes to_months to_quarters to_weeks to_years today truncate_duckdb_logs try_strptime txid_current unbin union_extract union_tag "
         "union_value unpivot_list user_agent uuid_extract_timestamp uuid_extract_version variant_bytes_to_variant variant_extract variant_normalize "
         "variant_to_parquet_variant variant_typeof vector_type verify_external verify_fetch_row verify_parallelism verify_serializer wavg weighted_avg "
         "which_secret write_log xor",
    "m": "add_months adddate addtime aes_decrypt aes_encrypt benchmark bin_to_uuid binlog_gtid_pos charset coercibility collation column_check column_exists "
         "column_json column_list compress concat_operator_oracle connection_id conv convert_tz curdate curtime database decode_histogram decode_oracle default "
         "des_decrypt des_encrypt elt encrypt export_set extractvalue field find_in_set format_pico_time found_rows from_days get_format get_lock gtid_subset "
         "icu_version inet6_aton inet6_ntoa inet_aton inet_ntoa insert is_free_lock is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_used_lock is_uuid isnull "
         "json_array_append json_array_insert json_compact json_contains_path json_depth json_detailed json_equals json_length json_loose json_merge "
         "json_merge_preserve json_normalize json_overlaps json_schema_valid json_search json_storage_free json_storage_size json_unquote last_insert_id lengthb "
         "load_file locate lpad_oracle ltrim_oracle make_set makedate maketime master_gtid_wait master_pos_wait member mid name_const natural_sort_key nvl nvl2 "
         "oct of old_password password period_add period_diff ps_thread_id random_bytes release_all_locks release_lock replace_oracle roles_graphml row_count "
         "rpad_oracle rtrim_oracle schema schemas sec_to_time set_var sformat sha space statement_digest statement_digest_text std str_to_date strcmp "
         "subdate substr_oracle subtime sys_guid sysdate time_format time_to_sec timediff timestampadd timestampdiff trim_oracle uncompress uncompressed_length "
         "unix_timestamp updatexml uuid_short uuid_to_bin weight_string wsrep_last_seen_gtid wsrep_last_written_gtid wsrep_sync_wait_upto_gtid",
    "p": "abbrev aclcontains acldefault aclexplode aclinsert aclitemeq aclremove acosd amvalidate anytextcat area array_dims array_eq array_fill array_ge "
         "array_gt array_larger array_le array_lower array_lt array_ndims array_ne array_positions array_replace array_sample array_shuffle array_to_tsvector "
         "array_upper arraycontained arraycontains arrayoverlap asind atan2d atand binary_upgrade_create_empty_extension binary_upgrade_set_missing_value "
         "binary_upgrade_set_next_array_pg_type_oid binary_upgrade_set_next_heap_pg_class_oid binary_upgrade_set_next_heap_relfilenode "
         "binary_upgrade_set_next_index_pg_class_oid binary_upgrade_set_next_index_relfilenode binary_upgrade_set_next_multirange_array_pg_type_oid "
         "binary_upgrade_set_next_multirange_pg_type_oid binary_upgrade_set_next_pg_authid_oid binary_upgrade_set_next_pg_enum_oid "
         "binary_upgrade_set_next_pg_tablespace_oid binary_upgrade_set_next_pg_type_oid binary_upgrade_set_next_toast_pg_class_oid "
         "binary_upgrade_set_next_toast_relfilenode binary_upgrade_set_record_init_privs bool booland_statefunc booleq boolge boolgt boolle boollt boolne "
         "boolor_statefunc bound_box broadcast btequalimage btrim btvarstrequalimage byteaeq byteage byteagt byteale bytealike bytealt byteane byteanlike "
         "casefold center cideq cidr clock_timestamp close_ls close_lseg close_pb close_pl close_ps close_sb convert_from convert_to cosd cotd currtid2 "
         "cursor_to_xml cursor_to_xmlschema database_to_xml database_to_xml_and_xmlschema database_to_xmlschema date_bin date_subtract datemultirange daterange "
         "daterange_canonical daterange_subdiff datetime_pl datetimetz_pl dcbrt dexp diagonal diameter dist_bp dist_bs dist_cpoint dist_cpoly dist_lp dist_ls "
         "dist_pathp dist_pb dist_pc dist_pl dist_polyc dist_polyp dist_ppath dist_ppoly dist_ps dist_sb dist_sl dist_sp div dlog1 dlog10 dpow dround dsqrt "
         "dtrunc elem_contained_by_multirange elem_contained_by_range erf erfc family flt4_mul_cash flt8_mul_cash fmgr_c_validator fmgr_internal_validator "
         "fmgr_sql_validator get_byte get_current_ts_config getdatabaseencoding getpgusername height host hostmask in_range inetand inetmi inetmi_int8 inetnot "
         "inetor inetpl int4range int8range integer_pl_date inter_lb inter_sb inter_sl is_normalized isclosed isempty ishorizontal isopen isparallel isperp "
         "isvertical json_agg json_array_element json_array_element_text json_array_elements json_array_elements_text json_build_array json_build_object "
         "json_each_text json_object_agg json_object_field json_object_field_text json_object_keys json_populate_record json_scalar json_serialize "
         "json_strip_nulls json_to_record json_to_recordset json_to_tsvector json_typeof jsonb_agg jsonb_array_element jsonb_array_element_text "
         "jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_concat jsonb_contained jsonb_contains "
         "jsonb_delete jsonb_delete_path jsonb_each jsonb_each_text jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text "
         "jsonb_insert jsonb_object jsonb_object_agg jsonb_object_field jsonb_object_field_text jsonb_object_keys jsonb_path_exists jsonb_path_exists_opr "
         "jsonb_path_exists_tz jsonb_path_match jsonb_path_match_opr jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz "
         "jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set "
         "jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_to_tsvector jsonb_typeof justify_days justify_hours justify_interval lastval "
         "line loread lower_inc lower_inf lowrite make_interval makeaclitem masklen min_scale money mul_d_interval mxid_age netmask npoints num_nonnulls "
         "num_nulls nummultirange numnode numrange numrange_subdiff on_pb on_pl on_ppath on_ps on_sb on_sl overlaps parse_ident pclose pg_input_is_valid "
         "phraseto_tsquery plainto_tsquery plpgsql_validator point popen postgresql_fdw_validator pt_contained_circle pt_contained_poly query_to_xml "
         "query_to_xml_and_xmlschema query_to_xmlschema querytree quote_ident quote_literal quote_nullable radius random_normal range_agg regclass regexp_match "
         "row_security_active scale schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema set_byte set_config set_masklen setval setweight sha224 sha384 "
         "similar_escape similar_to_escape sind slope statement_timestamp string_to_table strip table_to_xml table_to_xml_and_xmlschema table_to_xmlschema tand "
         "text_concat textanycat textcat texteq texteqname textgename textgtname texticlike texticnlike texticregexeq texticregexne textlen textlename textlike "
         "textltname textne textnename textnlike textregexeq textregexne timedate_pl timeofday to_ascii to_bin to_date to_jsonb to_number to_oct to_regclass "
         "to_regcollation to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure to_regrole to_regtype to_tsquery to_tsvector trim_scale ts_rank "
         "tsrange tsrange_subdiff tstzmultirange tstzrange tstzrange_subdiff unistr upper_inc upper_inf varbiteq varbitge varbitgt varbitle varbitlt varbitne "
         "websearch_to_tsquery width xmlagg xmlconcat xmlforest xmlparse xmlpi xmlroot xmlserialize xmltable xpath xpath_exists",
    "s": "bm25 changes datetime first_by fts3_tokenizer fts5 fts5_source_id group_concat_by highlight iif json_patch julianday last_insert_rowid like likelihood "
         "likely load_extension match matchinfo offsets optimize randomblob regexp rtreecheck rtreedepth rtreenode snippet subtype total total_changes unixepoch "
         "unlikely zeroblob",
    "t": "all_match any_match approx_distinct approx_most_frequent approx_percentile approx_set array_except array_histogram array_join array_max array_min "
         "array_union arrays_overlap at_timezone beta_cdf bitwise_and bitwise_and_agg bitwise_left_shift bitwise_not bitwise_or bitwise_or_agg "
         "bitwise_right_shift bitwise_right_shift_arithmetic bitwise_xor bitwise_xor_agg checksum codepoint color combinations contains_sequence cosine_distance "
         "cosine_similarity current_groups current_timezone date_parse day_of_month day_of_week day_of_year dot_product dow doy e empty_approx_set "
         "euclidean_distance exclude_columns format_datetime format_number from_base from_base32 from_base64url from_big_endian_32 from_big_endian_64 "
         "from_ieee754_32 from_ieee754_64 from_iso8601_date from_iso8601_timestamp from_iso8601_timestamp_nanos from_unixtime_nanos from_utf8 hamming_distance "
         "hash_counts hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 human_readable_seconds infinity intersection_cardinality inverse_beta_cdf inverse_normal_cdf "
         "is_finite is_infinite is_json_scalar is_nan jaccard_index json_array_contains json_array_get json_extract_scalar json_format json_parse json_size "
         "last_day_of_month levenshtein_distance luhn_check make_set_digest map_agg map_filter map_union map_zip_with merge merge_set_digest multimap_agg "
         "multimap_from_entries murmur3 nan ngrams none_match normal_cdf numeric_histogram parse_data_size parse_datetime parse_duration parse_presto_data_size "
         "qdigest_agg quantile_at_value reduce_agg regexp_position regexp_split render rgb sequence shuffle slice split_to_map split_to_multimap "
         "spooky_hash_v2_32 spooky_hash_v2_64 t_cdf t_pdf tdigest_agg to_base32 to_base64url to_big_endian_32 to_big_endian_64 to_ieee754_32 to_ieee754_64 "
         "to_iso8601 to_unixtime to_utf8 transform transform_keys transform_values try url_extract_fragment url_extract_host url_extract_parameter "
         "url_extract_path url_extract_port url_extract_protocol url_extract_query value_at_quantile values_at_quantiles week_of_year wilson_interval_lower "
         "wilson_interval_upper with_timezone word_stem xxhash64 year_of_week yow zip zip_with",
}


LETTER_OF = {"postgres": "p", "duckdb": "d", "sqlite": "s", "mysql": "m", "trino": "t"}
HAVING = {name: letters for letters, names in FUNCTIONS.items() for name in names.split()}


def calls_of_own(tree):
    """Calls of functions that somebody made on the engine, and that the source's dialect has, too: as they are written."""
    found = False
    for node in list(tree.find_all(exp.Func)):
        name = node.name if type(node) is exp.Anonymous else node.meta.get("name") or node.sql_name()
        if not isinstance(name, str) or name.lower() not in own_functions or name.lower() not in re.findall(r"\w+", written_words):
            continue
        parts = [part for part in node.args.values() for part in (part if isinstance(part, list) else [part]) if isinstance(part, exp.Expression)]
        own = exp.Anonymous(this=name, expressions=[part.copy() for part in (parts[:1] if isinstance(node, exp.Initcap) else parts)]) # which sqlglot gives a second one
        own.meta["made"] = found = True
        if node is not tree:
            node.replace(own)
    return found


def lacking(names):
    """The first of NAMES, functions in a translation, that the wanted engine has not: one of the client's dialect, or one that the client did not write.
    What the client wrote and its dialect has not, either, is a function of its own, and may be there."""
    mine, theirs = LETTER_OF.get(source), LETTER_OF.get(wanted)
    for name in sorted(names) if mine and theirs else ():
        letters = HAVING.get(name, "")
        if name in own_functions:
            continue
        if theirs not in letters and name not in GRAMMAR and not name.startswith("st_") and (name not in written_words or mine in letters):
            return name
    return None
