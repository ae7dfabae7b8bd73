// A UDP socket of the system: how it is opened, bound and set. Everything returns 0 (or what it says), or a negated errno.
#ifndef MILLRACE_SOCKET_H
#define MILLRACE_SOCKET_H

#include "address.h"

// Bits of `flags`; the numbers are those of src/binding.ts.
enum { MR_REUSE_ADDR = 1, MR_REUSE_PORT = 2, MR_IPV6_ONLY = 4 };

// The numbers are those of src/binding.ts.
typedef enum {
  MR_RECV_BUFFER = 0,
  MR_SEND_BUFFER = 1,
  MR_BROADCAST = 2,
  MR_TTL = 3,
  MR_MULTICAST_TTL = 4,
  MR_MULTICAST_LOOPBACK = 5,
} mr_option;

// Returns the descriptor of a non-blocking socket of the family (AF_INET or AF_INET6).
int mr_socket_open(int family, unsigned flags);
int mr_socket_bind(int fd, const mr_address *address);
int mr_socket_connect(int fd, const mr_address *address);
int mr_socket_set(int fd, int family, mr_option option, int value);
int mr_socket_local(int fd, mr_address *address);
int mr_socket_remote(int fd, mr_address *address);

// Asks for several datagrams as one message (GRO). Returns whether the kernel does it.
bool mr_socket_join_received(int fd);

// Whether the kernel cuts a message into datagrams (GSO).
bool mr_socket_cuts_sent(int fd);

// The interface is given as Node's dgram takes it: an IPv4 address of it, or `::%eth0`; NULL: the system chooses.
int mr_socket_multicast_interface(int fd, int family, const char *interface);
// `source` is NULL for whatever anyone sends to the group.
int mr_socket_join_group(int fd, int family, const char *group, const char *source, const char *interface);

#endif
