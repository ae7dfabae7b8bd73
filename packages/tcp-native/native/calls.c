#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arguments.h"

// Pieces of one system call.
#define MOST_PIECES 64

// listen(fd): a descriptor of the same listening socket that is the poller's, or a negated errno
napi_value call_listen(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  int fd = fcntl(signed_at(&a, 0), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return number(env, -errno);
  int failed = mr_poller_adopt(a.poller, fd, EPOLLIN);
  if (failed) close(fd);
  return number(env, failed ? failed : fd);
}

static void set_options(int fd, bool no_delay, int keep_alive) {
  int on = 1;
  if (no_delay) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (keep_alive < 0) return;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (keep_alive == 0) return;
  // As libuv has them for Node's own sockets: a peer that is gone is found out ten seconds after the first probe.
  int interval = 1, probes = 10;
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keep_alive, sizeof keep_alive);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

// accept(fd, noDelay, keepAlive): the next connection's descriptor, or a negated errno. `keepAlive` is the delay in seconds, 0 for the
// system's own, negative for none.
napi_value call_accept(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.fd < 0) return number(env, -EBADF);
  int fd;
  do {
    fd = accept4(a.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return number(env, -errno);
  // Not asked with accept4, which answers for a connection that is no more.
  socklen_t size = sizeof a.poller->accepted;
  if (getpeername(fd, (struct sockaddr *)&a.poller->accepted, &size) != 0) {
    close(fd);
    return number(env, -ECONNABORTED);
  }
  set_options(fd, flag_at(&a, 1), signed_at(&a, 2));
  int failed = mr_poller_adopt(a.poller, fd, EPOLLIN);
  if (failed) close(fd);
  return number(env, failed ? failed : fd);
}

// accepted(): [address, port] of who was accepted last
napi_value call_accepted(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  return address_pair(env, &a.poller->accepted);
}

// local(fd): [address, port], or a negated errno
napi_value call_local(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.fd < 0) return number(env, -EBADF);
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  if (getsockname(a.fd, (struct sockaddr *)&address, &size) != 0) return number(env, -errno);
  return address_pair(env, &address);
}

// watch(fd, events, watched): see mr_poller_watch
napi_value call_watch(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.fd < 0) return number(env, -EBADF);
  return number(env, mr_poller_watch(a.poller, a.fd, unsigned_at(&a, 1), flag_at(&a, 2)));
}

// read(fd, memory, most): how many bytes were read into it, 0 at the end, or a negated errno
napi_value call_read(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  uint8_t *memory;
  size_t length;
  if (a.fd < 0) return number(env, -EBADF);
  if (!bytes_of(env, a.values[1], &memory, &length)) return number(env, -EINVAL);
  size_t most = unsigned_at(&a, 2);
  if (most > length) most = length;
  // No bytes would be taken for the end.
  if (most == 0) return number(env, -EINVAL);
  ssize_t got;
  do {
    got = recv(a.fd, memory, most, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  return number(env, got < 0 ? -errno : (int)got);
}

static int outcome_of(ssize_t sent) {
  if (sent >= 0) return (int)sent;
  return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

// write(fd, chunk): how many of its bytes the kernel took, or a negated errno
napi_value call_write(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  uint8_t *bytes;
  size_t length;
  if (a.fd < 0) return number(env, -EBADF);
  if (!bytes_of(env, a.values[1], &bytes, &length)) return number(env, -EINVAL);
  ssize_t sent;
  do {
    sent = send(a.fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return number(env, outcome_of(sent));
}

// The bytes of the first MOST_PIECES chunks of an array. Returns how many there are, or -1 where it is not an array of Uint8Arrays.
static int gather(napi_env env, napi_value array, struct iovec *pieces) {
  napi_value chunks[MOST_PIECES];
  uint32_t count;
  if (napi_get_array_length(env, array, &count) != napi_ok) return -1;
  if (count > MOST_PIECES) count = MOST_PIECES;
  // All chunks before their bytes: an element may be a getter, which runs JavaScript.
  for (uint32_t i = 0; i < count; i++) {
    if (napi_get_element(env, array, i, &chunks[i]) != napi_ok) return -1;
  }
  for (uint32_t i = 0; i < count; i++) {
    uint8_t *bytes;
    size_t length;
    if (!bytes_of(env, chunks[i], &bytes, &length)) return -1;
    pieces[i] = (struct iovec){.iov_base = bytes, .iov_len = length};
  }
  return (int)count;
}

// writeAll(fd, chunks): the same for the bytes of several chunks, of the first MOST_PIECES at most
napi_value call_write_all(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  struct iovec pieces[MOST_PIECES];
  int count = gather(env, a.values[1], pieces);
  // Not before: see there.
  if (!mr_descriptors_has(&a.poller->owned, a.fd)) return number(env, -EBADF);
  if (count < 0) return number(env, -EINVAL);
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
  ssize_t sent;
  do {
    sent = sendmsg(a.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return number(env, outcome_of(sent));
}

// shutdown(fd): ends the output
napi_value call_shutdown(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.fd < 0) return number(env, -EBADF);
  return number(env, shutdown(a.fd, SHUT_WR) == 0 ? 0 : -errno);
}

// close(fd, resets)
napi_value call_close(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.fd < 0) return number(env, -EBADF);
  mr_poller_give_up(a.poller, a.fd);
  // A socket that lingers for no time at all sends a reset in place of a FIN (socket(7), SO_LINGER).
  struct linger none = {.l_onoff = 1, .l_linger = 0};
  if (flag_at(&a, 1)) setsockopt(a.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  // Whatever it says, the descriptor is free (close(2)).
  close(a.fd);
  return number(env, 0);
}

// release(fd): the poller knows nothing of it any more, and it stays open
napi_value call_release(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.fd < 0) return number(env, -EBADF);
  mr_poller_give_up(a.poller, a.fd);
  return number(env, 0);
}
