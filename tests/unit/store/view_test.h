/* view_test.h - what every test of the view includes. */
#ifndef KITH_TESTS_UNIT_STORE_VIEW_TEST_H
#define KITH_TESTS_UNIT_STORE_VIEW_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/canon.h"
#include "proto/name32.h"
#include "tests/support/scenario.h"

#endif
