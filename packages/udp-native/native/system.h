// The two system calls that the work is done with. A test puts others in their place, which fail as a kernel may.
#ifndef MILLRACE_SYSTEM_H
#define MILLRACE_SYSTEM_H

#include <sys/socket.h>
#include <time.h>

typedef struct {
  int (*receive)(int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout);
  int (*send)(int fd, struct mmsghdr *messages, unsigned int count, int flags);
} mr_system_calls;

extern mr_system_calls mr_system;

#endif
