#include "receive.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "system.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

// Between two messages, so that their beginnings do not all fall on the same few lines of the cache.
#define STAGGER 1088

typedef union {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int))];
} control_buffer;

struct mr_area {
  struct mmsghdr messages[MR_BATCH];
  struct iovec vectors[MR_BATCH];
  mr_address senders[MR_BATCH];
  control_buffer controls[MR_BATCH];
  uint8_t *bytes;
  size_t message_bytes;
  size_t mapped;
  uint32_t count;   // of messages in the batch
  uint32_t at;      // the message whose datagrams are being given
  uint32_t offset;  // in it
};

static void prepare(mr_area *area, uint32_t i) {
  struct msghdr *header = &area->messages[i].msg_hdr;
  header->msg_namelen = sizeof area->senders[i];
  header->msg_controllen = sizeof area->controls[i];
  header->msg_flags = 0;
}

mr_area *mr_area_new(size_t message_bytes) {
  mr_area *area = calloc(1, sizeof *area);
  if (area == NULL) return NULL;
  size_t stride = message_bytes + STAGGER;
  area->message_bytes = message_bytes;
  area->mapped = stride * MR_BATCH;
  area->bytes = mmap(NULL, area->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area->bytes == MAP_FAILED) {
    free(area);
    return NULL;
  }
  for (uint32_t i = 0; i < MR_BATCH; i++) {
    area->vectors[i] = (struct iovec){.iov_base = area->bytes + i * stride, .iov_len = message_bytes};
    area->messages[i].msg_hdr = (struct msghdr){
        .msg_name = &area->senders[i],
        .msg_iov = &area->vectors[i],
        .msg_iovlen = 1,
        .msg_control = &area->controls[i],
    };
    prepare(area, i);
  }
  return area;
}

void mr_area_free(mr_area *area) {
  if (area == NULL) return;
  munmap(area->bytes, area->mapped);
  free(area);
}

int mr_receive(mr_area *area, int fd) {
  for (uint32_t i = 0; i < area->count; i++) prepare(area, i);
  area->count = area->at = area->offset = 0;
  int count;
  do {
    count = mr_system.receive(fd, area->messages, MR_BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return -errno;
  area->count = (uint32_t)count;
  return count;
}

// How long each datagram of a message is that the kernel has joined; 0 where it is one.
static uint32_t segment_size(struct msghdr *header) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) continue;
    int size = 0;
    memcpy(&size, CMSG_DATA(c), sizeof size);
    return size > 0 ? (uint32_t)size : 0;
  }
  return 0;
}

bool mr_next(mr_area *area, mr_datagram *datagram) {
  if (area->at >= area->count) return false;
  struct mmsghdr *message = &area->messages[area->at];
  bool truncated = (message->msg_hdr.msg_flags & MSG_TRUNC) != 0 || message->msg_len > area->message_bytes;
  uint32_t rest = message->msg_len - area->offset;
  uint32_t segment = truncated || message->msg_hdr.msg_controllen == 0 ? 0 : segment_size(&message->msg_hdr);
  uint32_t length = segment > 0 && segment < rest ? segment : rest;
  *datagram = (mr_datagram){
      .bytes = (uint8_t *)area->vectors[area->at].iov_base + (truncated ? 0 : area->offset),
      .length = length,
      .truncated = truncated,
      .message = area->at,
      .from = &area->senders[area->at],
  };
  if (length < rest) {
    area->offset += length;
  } else {
    area->at++;
    area->offset = 0;
  }
  return true;
}

const mr_address *mr_sender(const mr_area *area, uint32_t message) {
  return message < area->count ? &area->senders[message] : NULL;
}
