// The peers that JavaScript has asked to know: each has a number, by which it is found in an array there.
#ifndef MILLRACE_PEERS_H
#define MILLRACE_PEERS_H

#include "address.h"

typedef struct {
  mr_address address;
  uint32_t hash;
  uint32_t keepers;  // 0: free, and `next_free` counts
  uint32_t next_free;
} mr_peer;

typedef struct {
  mr_peer *peers;      // by number; 0 is nobody
  uint32_t capacity;   // of `peers`
  uint32_t used;       // numbers ever given out, 0 included
  uint32_t free;       // the first free number, or 0
  uint32_t *index;     // by hash, with linear probing: a number, or 0
  uint32_t index_mask; // its length, a power of two, less one
  uint32_t known;      // peers in the index
  uint64_t seed;       // so that nobody can choose addresses that collide
} mr_peers;

// Returns 0, or a negated errno.
int mr_peers_init(mr_peers *table);
void mr_peers_free(mr_peers *table);

// The peer's number, or 0 where it is not known.
uint32_t mr_peers_find(const mr_peers *table, const mr_address *address);

// The number of a peer that is known from now on, until it has been forgotten as often as it was kept. 0: no memory.
uint32_t mr_peers_keep(mr_peers *table, const mr_address *address);

// Ignores a number that belongs to nobody.
void mr_peers_forget(mr_peers *table, uint32_t number);

// Its address, or NULL where the number belongs to nobody.
const mr_address *mr_peers_address(const mr_peers *table, uint32_t number);

#endif
