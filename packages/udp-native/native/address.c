#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>

// The number of an interface, given by its name or as a number; 0 where there is none.
static uint32_t scope_of(const char *text) {
  uint32_t index = if_nametoindex(text);
  if (index != 0) return index;
  uint64_t value = 0;
  // Not strtoul, which newer headers make a symbol of that older C libraries lack.
  for (; *text >= '0' && *text <= '9' && value <= UINT32_MAX; text++) value = value * 10 + (uint64_t)(*text - '0');
  return *text == '\0' && value <= UINT32_MAX ? (uint32_t)value : 0;
}

static int parse_v6(struct sockaddr_in6 *into, const char *text) {
  char plain[INET6_ADDRSTRLEN];
  size_t length = strcspn(text, "%");
  if (length >= sizeof plain) return -EINVAL;
  memcpy(plain, text, length);
  plain[length] = '\0';
  if (inet_pton(AF_INET6, plain, &into->sin6_addr) == 1) {
    if (text[length] == '\0') return 0;
    into->sin6_scope_id = scope_of(text + length + 1);
    return into->sin6_scope_id == 0 ? -ENODEV : 0;
  }
  // An IPv4 peer of an IPv6 socket.
  struct in_addr v4;
  if (inet_pton(AF_INET, text, &v4) != 1) return -EINVAL;
  into->sin6_addr.s6_addr[10] = into->sin6_addr.s6_addr[11] = 0xff;
  memcpy(into->sin6_addr.s6_addr + 12, &v4, sizeof v4);
  return 0;
}

int mr_address_parse(mr_address *into, int family, const char *text, uint16_t port) {
  memset(into, 0, sizeof *into);
  if (family == AF_INET) {
    into->v4.sin_family = AF_INET;
    into->v4.sin_port = htons(port);
    return inet_pton(AF_INET, text, &into->v4.sin_addr) == 1 ? 0 : -EINVAL;
  }
  into->v6.sin6_family = AF_INET6;
  into->v6.sin6_port = htons(port);
  return parse_v6(&into->v6, text);
}

int mr_address_format(const mr_address *address, char *text) {
  int failed = getnameinfo(&address->any, mr_address_size(address), text, MR_ADDRESS_TEXT, NULL, 0, NI_NUMERICHOST);
  return failed ? -EINVAL : 0;
}

uint16_t mr_address_port(const mr_address *address) {
  return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

socklen_t mr_address_size(const mr_address *address) {
  return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

bool mr_address_equal(const mr_address *a, const mr_address *b) {
  if (a->any.sa_family != b->any.sa_family) return false;
  if (a->any.sa_family == AF_INET) {
    return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr && a->v4.sin_port == b->v4.sin_port;
  }
  return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
         memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}
