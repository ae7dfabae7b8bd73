// What is to be sent together: one sendmmsg, with datagrams of one size to one peer joined where the kernel cuts them
// apart again (GSO).
#ifndef MILLRACE_SEND_H
#define MILLRACE_SEND_H

#include <stddef.h>

#include "peers.h"

// Datagrams collected at a time, and their bytes together.
#define MR_RING 512
#define MR_RING_BYTES 131072
// In place of a peer's number: the address is in `targets`.
#define MR_BY_ADDRESS UINT32_MAX

// Filled by JavaScript, in memory of its own.
typedef struct {
  uint32_t peer;  // a number, 0 on a connected socket, or MR_BY_ADDRESS
  uint32_t offset;
  uint32_t length;
} mr_outgoing;

typedef struct {
  uint32_t index;  // in the ring
  uint32_t error;  // errno
} mr_failure;

typedef struct {
  mr_outgoing *entries;
  const uint8_t *bytes;
  size_t bytes_length;
  mr_address targets[MR_RING];
  mr_failure *failures;  // room for MR_RING
  bool segmenting;       // GSO is worth trying
} mr_ring;

typedef struct {
  uint32_t done;    // entries that are dealt with: sent, or failed
  uint32_t failed;  // failures written
  int stopped;      // why the rest was not tried: EAGAIN or ENOBUFS, or 0 where nothing is left
} mr_sent;

// Sends entries 0 to `count`.
mr_sent mr_send(mr_ring *ring, const mr_peers *peers, int fd, uint32_t count);

#endif
