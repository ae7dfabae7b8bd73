#include "peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_CAPACITY 16

// splitmix64's finaliser: every bit of the input moves every bit of the output.
static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static uint32_t hash_of(const mr_peers *table, const mr_address *address) {
  if (address->any.sa_family == AF_INET) {
    return (uint32_t)mix(table->seed ^ ((uint64_t)address->v4.sin_addr.s_addr << 16 | address->v4.sin_port));
  }
  uint64_t halves[2];
  memcpy(halves, &address->v6.sin6_addr, sizeof halves);
  uint64_t rest = (uint64_t)address->v6.sin6_scope_id << 16 | address->v6.sin6_port;
  return (uint32_t)mix(mix(mix(table->seed ^ halves[0]) ^ halves[1]) ^ rest);
}

int mr_peers_init(mr_peers *table) {
  memset(table, 0, sizeof *table);
  if (getrandom(&table->seed, sizeof table->seed, GRND_NONBLOCK) < 0) table->seed = (uintptr_t)table;
  table->peers = calloc(FIRST_CAPACITY, sizeof *table->peers);
  table->index = calloc(2 * FIRST_CAPACITY, sizeof *table->index);
  table->capacity = FIRST_CAPACITY;
  table->index_mask = 2 * FIRST_CAPACITY - 1;
  table->used = 1;
  if (table->peers && table->index) return 0;
  mr_peers_free(table);
  return -ENOMEM;
}

void mr_peers_free(mr_peers *table) {
  free(table->peers);
  free(table->index);
  memset(table, 0, sizeof *table);
}

// Where the peer is in the index, or where it would go.
static uint32_t place_of(const mr_peers *table, const mr_address *address, uint32_t hash) {
  uint32_t at = hash & table->index_mask;
  for (; table->index[at] != 0; at = (at + 1) & table->index_mask) {
    const mr_peer *peer = &table->peers[table->index[at]];
    if (peer->hash == hash && mr_address_equal(&peer->address, address)) break;
  }
  return at;
}

uint32_t mr_peers_find(const mr_peers *table, const mr_address *address) {
  return table->index[place_of(table, address, hash_of(table, address))];
}

// Doubles both arrays; the index is never more than half full.
static bool grow(mr_peers *table) {
  if (table->capacity > UINT32_MAX / 4) return false;
  uint32_t capacity = table->capacity * 2;
  uint32_t *index = calloc((size_t)capacity * 2, sizeof *index);
  if (index == NULL) return false;
  mr_peer *peers = realloc(table->peers, capacity * sizeof *peers);
  if (peers == NULL) {
    free(index);
    return false;
  }
  table->peers = peers;
  table->capacity = capacity;
  free(table->index);
  table->index = index;
  table->index_mask = capacity * 2 - 1;
  for (uint32_t number = 1; number < table->used; number++) {
    if (peers[number].keepers == 0) continue;
    uint32_t at = peers[number].hash & table->index_mask;
    while (index[at] != 0) at = (at + 1) & table->index_mask;
    index[at] = number;
  }
  return true;
}

uint32_t mr_peers_keep(mr_peers *table, const mr_address *address) {
  uint32_t hash = hash_of(table, address);
  uint32_t at = place_of(table, address, hash);
  uint32_t number = table->index[at];
  if (number != 0) {
    table->peers[number].keepers++;
    return number;
  }
  if (table->free == 0 && table->used == table->capacity) {
    if (!grow(table)) return 0;
    at = place_of(table, address, hash);
  }
  number = table->free;
  if (number != 0) table->free = table->peers[number].next_free;
  else number = table->used++;
  table->peers[number] = (mr_peer){.address = *address, .hash = hash, .keepers = 1};
  table->index[at] = number;
  table->known++;
  return number;
}

// Closes the gap that a peer leaves in the index, so that those behind it are still found.
static void close_gap(mr_peers *table, uint32_t gap) {
  uint32_t mask = table->index_mask;
  for (uint32_t at = (gap + 1) & mask; table->index[at] != 0; at = (at + 1) & mask) {
    uint32_t home = table->peers[table->index[at]].hash & mask;
    // It may go back as far as its home, and no further.
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    table->index[gap] = table->index[at];
    gap = at;
  }
  table->index[gap] = 0;
}

void mr_peers_forget(mr_peers *table, uint32_t number) {
  if (mr_peers_address(table, number) == NULL) return;
  mr_peer *peer = &table->peers[number];
  if (--peer->keepers > 0) return;
  close_gap(table, place_of(table, &peer->address, peer->hash));
  peer->next_free = table->free;
  table->free = number;
  table->known--;
}

const mr_address *mr_peers_address(const mr_peers *table, uint32_t number) {
  if (number == 0 || number >= table->used || table->peers[number].keepers == 0) return NULL;
  return &table->peers[number].address;
}
