/* ledger_inner.h - what the files of ledger*.c share. */
#ifndef KITH_TESTS_CRASH_LEDGER_INNER_H
#define KITH_TESTS_CRASH_LEDGER_INNER_H

#include "tests/crash/ledger.h"

void ledger_read_vault(struct ledger_vault *out, const struct vault_contents *in);
bool ledger_vault_holds(const struct ledger *ledger, const struct house *house);
bool ledger_journal_holds(const struct ledger *ledger, const struct house *house);
void ledger_details_clear(void);

#endif
