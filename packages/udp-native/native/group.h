// Puts together what goes to one peer.
#ifndef MILLRACE_GROUP_H
#define MILLRACE_GROUP_H

#include "send.h"

// Moves the entries that go to one peer next to each other, in their order, and those of the peer that was sent to first before those of the
// next: neighbours of one size can go as one message. Leaves all as they are where one goes by its address, which stands beside the entry
// (`targets`).
void mr_group(mr_outgoing *entries, uint32_t count);

#endif
