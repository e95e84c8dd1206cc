# The distribution's libraries as ext::NAME, their headers as system headers.
find_package(Threads REQUIRED)

function(tn_external name header library)
  find_path(TN_${name}_INCLUDE ${header} ${ARGN} REQUIRED)
  find_library(TN_${name}_LIBRARY ${library} REQUIRED)
  add_library(ext_${name} INTERFACE)
  add_library(ext::${name} ALIAS ext_${name})
  target_include_directories(ext_${name} SYSTEM INTERFACE ${TN_${name}_INCLUDE})
  target_link_libraries(ext_${name} INTERFACE ${TN_${name}_LIBRARY})
endfunction()

tn_external(ev ev.h ev)
tn_external(yaml yaml.h yaml)
tn_external(sqlite3 sqlite3.h sqlite3)
target_compile_definitions(ext_sqlite3 INTERFACE SQLITE_ENABLE_PREUPDATE_HOOK) # the distribution's library has it; its header does not say so
tn_external(pq libpq-fe.h pq PATH_SUFFIXES postgresql)
tn_external(pg_query pg_query.h pg_query)
tn_external(zlib zlib.h z)
tn_external(zstd zstd.h zstd)
tn_external(lz4 lz4.h lz4)
tn_external(pcre2 pcre2.h pcre2-8)
tn_external(cjson cjson/cJSON.h cjson)
tn_external(curl curl/curl.h curl)
tn_external(idn stringprep.h idn)
tn_external(openssl openssl/ssl.h ssl)
find_library(TN_crypto_LIBRARY crypto REQUIRED)
target_link_libraries(ext_openssl INTERFACE ${TN_crypto_LIBRARY})

# xxHash is used header-only (XXH_INLINE_ALL): libpg_query exports XXH symbols of its own.
find_path(TN_xxhash_INCLUDE xxhash.h REQUIRED)
add_library(ext_xxhash INTERFACE)
add_library(ext::xxhash ALIAS ext_xxhash)
target_include_directories(ext_xxhash SYSTEM INTERFACE ${TN_xxhash_INCLUDE})

# llhttp comes as C sources (package node-llhttp).
find_path(TN_llhttp_INCLUDE llhttp.h PATHS /usr/share/include/llhttp /usr/include REQUIRED)
find_path(TN_llhttp_SOURCE llhttp.c PATHS /usr/share/llhttp REQUIRED)
add_library(ext_llhttp STATIC ${TN_llhttp_SOURCE}/llhttp.c ${TN_llhttp_SOURCE}/api.c ${TN_llhttp_SOURCE}/http.c)
add_library(ext::llhttp ALIAS ext_llhttp)
target_include_directories(ext_llhttp SYSTEM PUBLIC ${TN_llhttp_INCLUDE})
target_compile_definitions(ext_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_compile_options(ext_llhttp PRIVATE -w)

# XGBoost is optional: without it nothing is learned from the text of statements.
option(TN_XGBOOST "learn from the text of statements, where the library is there" ON)
add_library(ext_xgboost INTERFACE)
add_library(ext::xgboost ALIAS ext_xgboost)
find_path(TN_xgboost_INCLUDE xgboost/c_api.h)
find_library(TN_xgboost_LIBRARY xgboost)
if(TN_XGBOOST AND TN_xgboost_INCLUDE AND TN_xgboost_LIBRARY)
  target_include_directories(ext_xgboost SYSTEM INTERFACE ${TN_xgboost_INCLUDE})
  target_link_libraries(ext_xgboost INTERFACE ${TN_xgboost_LIBRARY})
  target_compile_definitions(ext_xgboost INTERFACE TN_HAVE_XGBOOST)
else()
  message(STATUS "XGBoost (libxgboost-dev) is not used: the model of the text cannot be trained")
endif()

# jemalloc is optional, and the program's own allocator then: a tenth less CPU for a short query. Sanitizers bring one of their own.
option(TN_JEMALLOC "allocate by jemalloc, where the library is there" ON)
add_library(ext_jemalloc INTERFACE)
add_library(ext::jemalloc ALIAS ext_jemalloc)
find_library(TN_jemalloc_LIBRARY jemalloc)
if(TN_JEMALLOC AND TN_jemalloc_LIBRARY AND NOT TN_ASAN AND NOT TN_TSAN)
  target_link_libraries(ext_jemalloc INTERFACE -Wl,--push-state,--no-as-needed ${TN_jemalloc_LIBRARY} -Wl,--pop-state)
endif()

# nanoarrow is optional, and compiled here from what tools/fetch_nanoarrow brings: without it rows do not come as Arrow streams.
set(TN_NANOARROW_DIR ${PROJECT_SOURCE_DIR}/build/cache/nanoarrow CACHE PATH "sources of nanoarrow")
add_library(ext_nanoarrow INTERFACE)
add_library(ext::nanoarrow ALIAS ext_nanoarrow)
if(EXISTS ${TN_NANOARROW_DIR}/arrow-nanoarrow/src/nanoarrow/nanoarrow_ipc.h)
  set(nanoarrow ${TN_NANOARROW_DIR}/arrow-nanoarrow/src/nanoarrow)
  set(flatcc ${TN_NANOARROW_DIR}/flatcc)
  set(NANOARROW_VERSION_MAJOR 0)
  set(NANOARROW_VERSION_MINOR 9)
  set(NANOARROW_VERSION_PATCH 0)
  set(NANOARROW_VERSION 0.9.0)
  set(NANOARROW_NAMESPACE_DEFINE "#define NANOARROW_NAMESPACE TnNa") # its names are its own, whatever else is linked
  configure_file(${nanoarrow}/nanoarrow_config.h.in ${PROJECT_BINARY_DIR}/nanoarrow/nanoarrow/nanoarrow_config.h @ONLY)
  add_library(tn_nanoarrow STATIC ${nanoarrow}/common/array.c ${nanoarrow}/common/array_stream.c ${nanoarrow}/common/schema.c
    ${nanoarrow}/common/utils.c ${nanoarrow}/ipc/codecs.c ${nanoarrow}/ipc/decoder.c ${nanoarrow}/ipc/encoder.c
    ${flatcc}/src/runtime/builder.c ${flatcc}/src/runtime/emitter.c ${flatcc}/src/runtime/refmap.c ${flatcc}/src/runtime/verifier.c)
  target_include_directories(tn_nanoarrow SYSTEM PUBLIC ${TN_NANOARROW_DIR}/arrow-nanoarrow/src ${PROJECT_BINARY_DIR}/nanoarrow
    PRIVATE ${flatcc}/include)
  target_compile_options(tn_nanoarrow PRIVATE -w)
  target_link_libraries(ext_nanoarrow INTERFACE tn_nanoarrow)
  target_compile_definitions(ext_nanoarrow INTERFACE TN_HAVE_NANOARROW)
else()
  message(STATUS "nanoarrow (tools/fetch_nanoarrow) is not used: no Arrow streams")
endif()
