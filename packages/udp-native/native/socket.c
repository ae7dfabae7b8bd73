#include "socket.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

static int set_int(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : -errno;
}

int mr_socket_open(int family, unsigned flags) {
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int failed = 0;
  if (!failed && flags & MR_REUSE_ADDR) failed = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (!failed && flags & MR_REUSE_PORT) failed = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (!failed && family == AF_INET6) failed = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, (flags & MR_IPV6_ONLY) != 0);
  if (!failed) return fd;
  close(fd);
  return failed;
}

int mr_socket_bind(int fd, const mr_address *address) {
  return bind(fd, &address->any, mr_address_size(address)) == 0 ? 0 : -errno;
}

int mr_socket_connect(int fd, const mr_address *address) {
  return connect(fd, &address->any, mr_address_size(address)) == 0 ? 0 : -errno;
}

int mr_socket_set(int fd, int family, mr_option option, int value) {
  bool v6 = family == AF_INET6;
  int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
  switch (option) {
    case MR_RECV_BUFFER: return set_int(fd, SOL_SOCKET, SO_RCVBUF, value);
    case MR_SEND_BUFFER: return set_int(fd, SOL_SOCKET, SO_SNDBUF, value);
    case MR_BROADCAST: return set_int(fd, SOL_SOCKET, SO_BROADCAST, value);
    case MR_TTL: return set_int(fd, level, v6 ? IPV6_UNICAST_HOPS : IP_TTL, value);
    case MR_MULTICAST_TTL: return set_int(fd, level, v6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, value);
    case MR_MULTICAST_LOOPBACK: return set_int(fd, level, v6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, value);
  }
  return -EINVAL;
}

int mr_socket_local(int fd, mr_address *address) {
  socklen_t size = sizeof *address;
  return getsockname(fd, &address->any, &size) == 0 ? 0 : -errno;
}

int mr_socket_remote(int fd, mr_address *address) {
  socklen_t size = sizeof *address;
  return getpeername(fd, &address->any, &size) == 0 ? 0 : -errno;
}

bool mr_socket_join_received(int fd) {
  return set_int(fd, SOL_UDP, UDP_GRO, 1) == 0;
}

bool mr_socket_cuts_sent(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_UDP, UDP_SEGMENT, &value, &size) == 0;
}

// IPv4 names an interface by an address of it, IPv6 by the scope of an address.
static int interface_of(int family, const char *text, mr_address *into) {
  if (text == NULL) {
    memset(into, 0, sizeof *into);
    return 0;
  }
  return mr_address_parse(into, family, text, 0);
}

int mr_socket_multicast_interface(int fd, int family, const char *interface) {
  mr_address on;
  int failed = interface_of(family, interface, &on);
  if (failed) return failed;
  if (family == AF_INET6) return set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)on.v6.sin6_scope_id);
  return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &on.v4.sin_addr, sizeof on.v4.sin_addr) == 0 ? 0 : -errno;
}

static int join_v4(int fd, const mr_address *group, const mr_address *source, const mr_address *on) {
  int name = source == NULL ? IP_ADD_MEMBERSHIP : IP_ADD_SOURCE_MEMBERSHIP;
  struct ip_mreq any = {.imr_multiaddr = group->v4.sin_addr, .imr_interface = on->v4.sin_addr};
  struct ip_mreq_source one = {.imr_multiaddr = group->v4.sin_addr, .imr_interface = on->v4.sin_addr};
  if (source == NULL) return setsockopt(fd, IPPROTO_IP, name, &any, sizeof any) == 0 ? 0 : -errno;
  one.imr_sourceaddr = source->v4.sin_addr;
  return setsockopt(fd, IPPROTO_IP, name, &one, sizeof one) == 0 ? 0 : -errno;
}

static int join_v6(int fd, const mr_address *group, const mr_address *source, const mr_address *on) {
  if (source == NULL) {
    struct ipv6_mreq any = {.ipv6mr_multiaddr = group->v6.sin6_addr, .ipv6mr_interface = on->v6.sin6_scope_id};
    return setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &any, sizeof any) == 0 ? 0 : -errno;
  }
  struct group_source_req one = {.gsr_interface = on->v6.sin6_scope_id};
  memcpy(&one.gsr_group, &group->v6, sizeof group->v6);
  memcpy(&one.gsr_source, &source->v6, sizeof source->v6);
  return setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, &one, sizeof one) == 0 ? 0 : -errno;
}

int mr_socket_join_group(int fd, int family, const char *group, const char *source, const char *interface) {
  mr_address to, from, on;
  int failed = mr_address_parse(&to, family, group, 0);
  if (!failed && source != NULL) failed = mr_address_parse(&from, family, source, 0);
  if (!failed) failed = interface_of(family, interface, &on);
  if (failed) return failed;
  const mr_address *sender = source == NULL ? NULL : &from;
  return family == AF_INET6 ? join_v6(fd, &to, sender, &on) : join_v4(fd, &to, sender, &on);
}
