// A seeded stream of additions, removals and nonsense through the table of descriptors, which is all that needs no Node: `fuzz SEED STEPS`.
// Made to run under AddressSanitizer and UBSan (npm run check:native). What the table says is held against a simple model, and at
// the end it has to close what it has, and nothing else.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../descriptors.h"

#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: not so at seed %" PRIu64 ": %s\n", __FILE__, __LINE__, seed, #condition); \
      abort(); \
    } \
  } while (0)

// Of the numbers that are drawn, most are below the first, where real ones are; some go to the last.
#define NEAR 300
#define FAR 70000

static uint64_t seed, state;
static mr_descriptors table;
static bool model[FAR];
static uint32_t count;

// xorshift64*
static uint32_t draw(uint32_t below) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 33) % below;
}

static void check_nonsense(void) {
  int fd = (int[]){-1, INT_MIN, -(int)draw(INT_MAX), INT_MAX, FAR + (int)draw(1u << 30)}[draw(5)];
  CHECK(!mr_descriptors_has(&table, fd));
  mr_descriptors_remove(&table, fd);
  if (fd < 0) CHECK(!mr_descriptors_add(&table, fd));
}

static void step(void) {
  int fd = (int)draw(draw(50) == 0 ? FAR : NEAR);
  switch (draw(5)) {
    case 0: check_nonsense(); break;
    case 1: case 2:
      CHECK(mr_descriptors_add(&table, fd));
      if (!model[fd]) count++;
      model[fd] = true;
      break;
    case 3:
      mr_descriptors_remove(&table, fd);
      if (model[fd]) count--;
      model[fd] = false;
      break;
    default: break;
  }
  CHECK(mr_descriptors_has(&table, fd) == model[fd] && table.count == count);
}

static bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

static void check_close(void) {
  int fds[NEAR];
  int opened = 0;
  while (opened < NEAR && (fds[opened] = dup(STDOUT_FILENO)) >= 0) opened++;
  CHECK(opened > 8);
  for (int i = 0; i < opened; i++) {
    model[fds[i]] = draw(2) == 0;
    if (model[fds[i]]) CHECK(mr_descriptors_add(&table, fds[i]));
  }
  mr_descriptors_close(&table);
  CHECK(table.bits == NULL && table.bytes == 0 && table.count == 0);
  for (int i = 0; i < opened; i++) {
    CHECK(is_open(fds[i]) != model[fds[i]]);
    if (!model[fds[i]]) close(fds[i]);
  }
}

int main(int argc, char **argv) {
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint32_t steps = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 20000;
  state = seed * 0x9e3779b97f4a7c15u + 1;
  for (uint32_t i = 0; i < steps; i++) step();
  for (int fd = 0; fd < FAR; fd++) CHECK(mr_descriptors_has(&table, fd) == model[fd]);
  uint32_t most = count;
  for (int fd = 0; fd < FAR; fd++) mr_descriptors_remove(&table, fd);
  CHECK(table.count == 0);
  check_close();
  printf("seed %" PRIu64 ": %" PRIu32 " steps, %" PRIu32 " descriptors at the end\n", seed, steps, most);
  return 0;
}
