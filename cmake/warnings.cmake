add_compile_options(
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wcast-qual -Wundef -Wformat=2 -Wvla -Wswitch-enum)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # Text that is cut short by snprintf is cut short on purpose.
  add_compile_options(-Wno-format-truncation)
endif()

option(KITH_WERROR "Treat warnings as errors" OFF)
if(KITH_WERROR)
  add_compile_options(-Werror)
endif()
