// Batches of received datagrams: one recvmmsg into an area that is used again for each batch.
#ifndef MILLRACE_RECEIVE_H
#define MILLRACE_RECEIVE_H

#include <stddef.h>

#include "address.h"

// Messages taken by one system call. More gained nothing on loopback; fewer cost.
#define MR_BATCH 64
// The most that one message can be, several datagrams in one (GRO) included.
#define MR_MESSAGE_BYTES 65536

typedef struct mr_area mr_area;

// Room for one batch, of messages of up to `message_bytes`. NULL where there is no memory. Pages come as they are used.
mr_area *mr_area_new(size_t message_bytes);
void mr_area_free(mr_area *area);

// Takes what has come. Returns how many messages, or a negated errno (-EAGAIN: nothing).
int mr_receive(mr_area *area, int fd);

typedef struct {
  const uint8_t *bytes;
  uint32_t length;         // where truncated: what it had
  bool truncated;          // it was longer than a message may be
  uint32_t message;        // which of the batch
  const mr_address *from;
} mr_datagram;

// The next datagram of the batch, or false. A message that the kernel has joined from several is given one by one.
bool mr_next(mr_area *area, mr_datagram *datagram);

// The sender of a message of the batch, or NULL.
const mr_address *mr_sender(const mr_area *area, uint32_t message);

#endif
