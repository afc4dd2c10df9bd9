find_package(PkgConfig REQUIRED)

# Each library is found under its older and its newer name, whichever the system has.
pkg_search_module(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_search_module(UV REQUIRED IMPORTED_TARGET libuv)
pkg_search_module(MSGPACK REQUIRED IMPORTED_TARGET msgpack-c msgpack)
pkg_search_module(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc utf8proc)
pkg_search_module(CMOCKA IMPORTED_TARGET cmocka)
find_package(Threads REQUIRED)
