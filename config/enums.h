/* enums.h - one C enum per option type of enums.def. */
#ifndef TN_CONFIG_ENUMS_H
#define TN_CONFIG_ENUMS_H

enum tn_cfg_persistence { TN_CFG_PERSISTENCE_SQLITE, TN_CFG_PERSISTENCE_IN_MEMORY };
enum tn_cfg_auth_provider { TN_CFG_AUTH_PROVIDER_NONE, TN_CFG_AUTH_PROVIDER_STATIC };
enum tn_cfg_tls_mode { TN_CFG_TLS_MODE_DISABLE, TN_CFG_TLS_MODE_ALLOW, TN_CFG_TLS_MODE_REQUIRE };
enum tn_cfg_tls_version { TN_CFG_TLS_VERSION_V1_2, TN_CFG_TLS_VERSION_V1_3 };
enum tn_cfg_tls_client_cert { TN_CFG_TLS_CLIENT_CERT_AUTO, TN_CFG_TLS_CLIENT_CERT_REQUEST, TN_CFG_TLS_CLIENT_CERT_REQUIRE };
enum tn_cfg_log_level { TN_CFG_LOG_LEVEL_DEBUG, TN_CFG_LOG_LEVEL_INFO, TN_CFG_LOG_LEVEL_WARN, TN_CFG_LOG_LEVEL_ERROR };
enum tn_cfg_log_format { TN_CFG_LOG_FORMAT_TEXT, TN_CFG_LOG_FORMAT_JSON };
enum tn_cfg_engine { TN_CFG_ENGINE_UNSET, TN_CFG_ENGINE_DUCKDB, TN_CFG_ENGINE_SQLITE, TN_CFG_ENGINE_POSTGRES };
enum tn_cfg_ssl_mode {
    TN_CFG_SSL_MODE_DISABLE, TN_CFG_SSL_MODE_ALLOW, TN_CFG_SSL_MODE_PREFER,
    TN_CFG_SSL_MODE_REQUIRE, TN_CFG_SSL_MODE_VERIFY_CA, TN_CFG_SSL_MODE_VERIFY_FULL
};
enum tn_cfg_cluster_auth { TN_CFG_CLUSTER_AUTH_NONE, TN_CFG_CLUSTER_AUTH_BASIC };
enum tn_cfg_strategy {
    TN_CFG_STRATEGY_ROUND_ROBIN, TN_CFG_STRATEGY_LEAST_LOADED, TN_CFG_STRATEGY_FAILOVER,
    TN_CFG_STRATEGY_WEIGHTED, TN_CFG_STRATEGY_ENGINE_AFFINITY,
    TN_CFG_STRATEGY_LATENCY, TN_CFG_STRATEGY_COST, TN_CFG_STRATEGY_THROUGHPUT, TN_CFG_STRATEGY_BALANCED
};
enum tn_cfg_objective { TN_CFG_OBJECTIVE_P50, TN_CFG_OBJECTIVE_P95 };
enum tn_cfg_strategy_mode { TN_CFG_STRATEGY_MODE_OFF, TN_CFG_STRATEGY_MODE_ADVISE, TN_CFG_STRATEGY_MODE_ACT };
enum tn_cfg_explore_mode { TN_CFG_EXPLORE_MODE_OFF, TN_CFG_EXPLORE_MODE_INLINE, TN_CFG_EXPLORE_MODE_SHADOW, TN_CFG_EXPLORE_MODE_BOTH };
enum tn_cfg_price_type {
    TN_CFG_PRICE_TYPE_FREE, TN_CFG_PRICE_TYPE_PER_SECOND, TN_CFG_PRICE_TYPE_PER_SCAN,
    TN_CFG_PRICE_TYPE_PER_QUERY, TN_CFG_PRICE_TYPE_AUTO_SUSPEND
};
enum tn_cfg_price_mode { TN_CFG_PRICE_MODE_SHARE, TN_CFG_PRICE_MODE_MARGINAL };
enum tn_cfg_model { TN_CFG_MODEL_AUTO, TN_CFG_MODEL_ON, TN_CFG_MODEL_OFF };
#define TN_CFG_C_ENUM_PERSISTENCE enum tn_cfg_persistence
#define TN_CFG_C_ENUM_AUTH_PROVIDER enum tn_cfg_auth_provider
#define TN_CFG_C_ENUM_TLS_MODE enum tn_cfg_tls_mode
#define TN_CFG_C_ENUM_TLS_VERSION enum tn_cfg_tls_version
#define TN_CFG_C_ENUM_TLS_CLIENT_CERT enum tn_cfg_tls_client_cert
#define TN_CFG_C_ENUM_LOG_LEVEL enum tn_cfg_log_level
#define TN_CFG_C_ENUM_LOG_FORMAT enum tn_cfg_log_format
#define TN_CFG_C_ENUM_ENGINE enum tn_cfg_engine
#define TN_CFG_C_ENUM_SSL_MODE enum tn_cfg_ssl_mode
#define TN_CFG_C_ENUM_CLUSTER_AUTH enum tn_cfg_cluster_auth
#define TN_CFG_C_ENUM_STRATEGY enum tn_cfg_strategy
#define TN_CFG_C_ENUM_OBJECTIVE enum tn_cfg_objective
#define TN_CFG_C_ENUM_STRATEGY_MODE enum tn_cfg_strategy_mode
#define TN_CFG_C_ENUM_EXPLORE_MODE enum tn_cfg_explore_mode
#define TN_CFG_C_ENUM_PRICE_TYPE enum tn_cfg_price_type
#define TN_CFG_C_ENUM_PRICE_MODE enum tn_cfg_price_mode
#define TN_CFG_C_ENUM_MODEL enum tn_cfg_model

#endif
