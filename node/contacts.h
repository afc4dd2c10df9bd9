/* contacts.h - whom this node dials, and the claims that wait for a relay's answer.
 *
 * Everything runs on the loop thread, and not from within an event of the driver unless it says so.
 */
#ifndef KITH_NODE_CONTACTS_H
#define KITH_NODE_CONTACTS_H

#include "node/driver.h"
#include "node/network.h"
#include "node/person.h"

#define CONTACTS_CLAIM_AGAIN_MS 15000

struct contacts;

/* Both borrowed.  Never fails. */
struct contacts *contacts_new(struct network *network, struct driver *driver);
void contacts_free(struct contacts *contacts);

/* An address of --peer: dialled for as long as the node runs. */
void contacts_add_fixed(struct contacts *contacts, const struct address *address);
/* What the vault says now: dial what is new, leave what is gone, send new claims. */
void contacts_set(struct contacts *contacts, const struct person_peers *peers);
/* A relay answered, or did not: the address of the claim; false when nobody asked.  May be called
 * from within an event. */
bool contacts_on_joined(struct contacts *contacts, struct address *address,
                        const struct engine_joined *joined);
/* Now and then: send again what was not answered. */
void contacts_tick(struct contacts *contacts, uint64_t now_ms);
/* Fills the peers of a status. */
void contacts_status(const struct contacts *contacts, struct command_status *status);

#endif
