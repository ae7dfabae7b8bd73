// Socket addresses of IPv4 and IPv6, to and from text.
#ifndef MILLRACE_ADDRESS_H
#define MILLRACE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} mr_address;

// An IPv6 address with its scope: `fe80::1%eth0`.
#define MR_ADDRESS_TEXT 64

// Reads an address of the family (AF_INET or AF_INET6). Returns 0, or a negated errno.
int mr_address_parse(mr_address *into, int family, const char *text, uint16_t port);

// Writes the address without its port. `text` holds MR_ADDRESS_TEXT bytes. Returns 0, or a negated errno.
int mr_address_format(const mr_address *address, char *text);

uint16_t mr_address_port(const mr_address *address);
socklen_t mr_address_size(const mr_address *address);
bool mr_address_equal(const mr_address *a, const mr_address *b);

#endif
