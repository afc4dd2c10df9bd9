/* bip39_list.h - the English word list of BIP-39; generated.
 *
 * SHA-256 of the words, each with a line feed behind it, as the list is published:
 * 2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda */
#ifndef KITH_PROTO_BIP39_LIST_H
#define KITH_PROTO_BIP39_LIST_H

#include "proto/bip39.h"

/* Ascending; no two begin with the same four letters. */
extern const char bip39_list[BIP39_LIST_COUNT][BIP39_WORD_MAX + 1];

#endif
