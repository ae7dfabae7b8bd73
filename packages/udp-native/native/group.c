#include "group.h"

#include <string.h>

// Places for peers, of which there are MR_RING at most: half of them stay empty. A power of two.
#define PLACES (2 * MR_RING)
#define NONE UINT16_MAX

typedef struct {
  uint16_t next[MR_RING];    // the next entry to the same peer, or NONE
  uint16_t first[MR_RING];   // of each peer, in the order in which they were sent to first
  uint16_t last[MR_RING];    // of each peer
  uint16_t peer_at[PLACES];  // by a hash of its number, with linear probing: its index in `first` and `last`, or NONE
  uint32_t peers;
} groups;

// The index of the peer of an entry, or where it would stand.
static uint32_t place_of(const groups *g, const mr_outgoing *entries, uint32_t peer) {
  uint32_t at = (peer * 2654435769u) >> 22;
  while (g->peer_at[at] != NONE && entries[g->first[g->peer_at[at]]].peer != peer) at = (at + 1) % PLACES;
  return at;
}

// Strings the entries to each peer together. False where one has its address beside it.
static bool string_together(groups *g, const mr_outgoing *entries, uint32_t count) {
  memset(g->peer_at, 0xff, sizeof g->peer_at);
  g->peers = 0;
  for (uint32_t i = 0; i < count; i++) {
    // One less is for an address that could not be read.
    if (entries[i].peer >= MR_BY_ADDRESS - 1) return false;
    uint32_t at = place_of(g, entries, entries[i].peer);
    g->next[i] = NONE;
    if (g->peer_at[at] == NONE) {
      g->peer_at[at] = (uint16_t)g->peers;
      g->first[g->peers++] = (uint16_t)i;
    } else {
      g->next[g->last[g->peer_at[at]]] = (uint16_t)i;
    }
    g->last[g->peer_at[at]] = (uint16_t)i;
  }
  return true;
}

void mr_group(mr_outgoing *entries, uint32_t count) {
  groups g;
  if (count < 3 || count > MR_RING || !string_together(&g, entries, count)) return;
  if (g.peers == 1 || g.peers == count) return;
  mr_outgoing grouped[MR_RING];
  uint32_t n = 0;
  for (uint32_t peer = 0; peer < g.peers; peer++) {
    for (uint16_t i = g.first[peer]; i != NONE; i = g.next[i]) grouped[n++] = entries[i];
  }
  memcpy(entries, grouped, n * sizeof *entries);
}
