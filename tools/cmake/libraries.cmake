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
tn_external(pq libpq-fe.h pq PATH_SUFFIXES postgresql)
tn_external(pg_query pg_query.h pg_query)
tn_external(zlib zlib.h z)
tn_external(pcre2 pcre2.h pcre2-8)
tn_external(cjson cjson/cJSON.h cjson)
tn_external(curl curl/curl.h curl)
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
