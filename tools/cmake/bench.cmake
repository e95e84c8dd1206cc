# Micro benchmarks: one program per file bench/micro/<noun>.c; never part of the tests.
file(GLOB micro CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/micro/*.c)
foreach(file ${micro})
  get_filename_component(name ${file} NAME_WE)
  add_executable(bench_${name} EXCLUDE_FROM_ALL ${file})
  target_link_libraries(bench_${name} PRIVATE tn::translate tn::session tn::pipeline tn::frontend tn::engine tn::stats tn::config tn::base)
endforeach()
