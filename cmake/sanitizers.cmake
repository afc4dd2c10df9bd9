# KITH_SANITIZE: a comma-separated list for -fsanitize, empty for none.
set(KITH_SANITIZE "" CACHE STRING "Sanitizers to build with")
if(KITH_SANITIZE)
  add_compile_options(-fsanitize=${KITH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${KITH_SANITIZE})
endif()

option(KITH_FUZZ "Build the libFuzzer harnesses (needs clang)" OFF)
if(KITH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

option(KITH_COVERAGE "Build with coverage counters" OFF)
if(KITH_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

# Assertions state what must hold and stay on in every build, release included.
option(KITH_HARDENED "Harden the binaries" OFF)
if(KITH_HARDENED)
  add_compile_options(-fstack-protector-strong -fPIE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  add_link_options(-pie -Wl,-z,relro,-z,now)
endif()
