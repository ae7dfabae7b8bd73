// Which descriptors are the poller's: a bit for each. Knows neither Node nor epoll.
#ifndef MILLRACE_DESCRIPTORS_H
#define MILLRACE_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// All zero at the start.
typedef struct {
  uint8_t *bits;
  size_t bytes;
  uint32_t count;
} mr_descriptors;

// False where there is no memory.
bool mr_descriptors_add(mr_descriptors *descriptors, int fd);

void mr_descriptors_remove(mr_descriptors *descriptors, int fd);

// False for whatever was not added, a negative number too.
bool mr_descriptors_has(const mr_descriptors *descriptors, int fd);

// Closes them all, and is as at the start again.
void mr_descriptors_close(mr_descriptors *descriptors);

#endif
