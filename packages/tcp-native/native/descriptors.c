#include "descriptors.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BYTES 128

static uint8_t bit_of(int fd) {
  return (uint8_t)(1u << (fd % 8));
}

static bool make_room(mr_descriptors *descriptors, int fd) {
  size_t wanted = (size_t)fd / 8 + 1;
  if (wanted <= descriptors->bytes) return true;
  size_t bytes = descriptors->bytes == 0 ? FIRST_BYTES : descriptors->bytes;
  while (bytes < wanted) bytes *= 2;
  uint8_t *bits = realloc(descriptors->bits, bytes);
  if (bits == NULL) return false;
  memset(bits + descriptors->bytes, 0, bytes - descriptors->bytes);
  descriptors->bits = bits;
  descriptors->bytes = bytes;
  return true;
}

bool mr_descriptors_has(const mr_descriptors *descriptors, int fd) {
  return fd >= 0 && (size_t)fd / 8 < descriptors->bytes && (descriptors->bits[fd / 8] & bit_of(fd)) != 0;
}

bool mr_descriptors_add(mr_descriptors *descriptors, int fd) {
  // Had already where it was closed behind the poller's back and opened again.
  if (mr_descriptors_has(descriptors, fd)) return true;
  if (fd < 0 || !make_room(descriptors, fd)) return false;
  descriptors->bits[fd / 8] |= bit_of(fd);
  descriptors->count++;
  return true;
}

void mr_descriptors_remove(mr_descriptors *descriptors, int fd) {
  if (!mr_descriptors_has(descriptors, fd)) return;
  descriptors->bits[fd / 8] &= (uint8_t)~bit_of(fd);
  descriptors->count--;
}

void mr_descriptors_close(mr_descriptors *descriptors) {
  for (int fd = 0; descriptors->count > 0; fd++) {
    if (!mr_descriptors_has(descriptors, fd)) continue;
    mr_descriptors_remove(descriptors, fd);
    close(fd);
  }
  free(descriptors->bits);
  *descriptors = (mr_descriptors){0};
}
