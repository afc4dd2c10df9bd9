add_compile_options(
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wcast-qual -Wundef -Wformat=2 -Wvla -Wswitch-enum
  # Text that is cut short by snprintf is cut short on purpose.
  -Wno-format-truncation)

option(KITH_WERROR "Treat warnings as errors" OFF)
if(KITH_WERROR)
  add_compile_options(-Werror)
endif()
