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
  if (keep_alive > 0) setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keep_alive, sizeof keep_alive);
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

static int receive(int fd, void *into, size_t length) {
  ssize_t got;
  do {
    got = recv(fd, into, length, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  return got < 0 ? -errno : (int)got;
}

// read(fd, most): how many bytes were read into the poller's memory, 0 at the end, or a negated errno
napi_value call_read(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  size_t most = unsigned_at(&a, 1);
  if (most > a.poller->memory_length) most = a.poller->memory_length;
  return number(env, receive(a.fd, a.poller->memory, most));
}

// readInto(fd, memory): the same, into that
napi_value call_read_into(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  size_t length = 0;
  uint8_t *memory = bytes_at(&a, 1, &length);
  return number(env, memory == NULL ? -EINVAL : receive(a.fd, memory, length));
}

static int outcome_of(ssize_t sent) {
  if (sent >= 0) return (int)sent;
  return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

// write(fd, chunk): how many of its bytes the kernel took, or a negated errno
napi_value call_write(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  size_t length = 0;
  uint8_t *bytes = bytes_at(&a, 1, &length);
  if (bytes == NULL && length > 0) return number(env, -EINVAL);
  ssize_t sent;
  do {
    sent = send(a.fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return number(env, outcome_of(sent));
}

// writeAll(fd, chunks): the same for the bytes of several chunks, of the first MOST_PIECES at most
napi_value call_write_all(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  struct iovec pieces[MOST_PIECES];
  uint32_t count = 0;
  napi_get_array_length(env, a.values[1], &count);
  if (count > MOST_PIECES) count = MOST_PIECES;
  for (uint32_t i = 0; i < count; i++) {
    size_t length = 0;
    if (napi_get_element(env, a.values[1], i, &a.values[3]) != napi_ok) return number(env, -EINVAL);
    uint8_t *bytes = bytes_at(&a, 3, &length);
    if (bytes == NULL && length > 0) return number(env, -EINVAL);
    pieces[i] = (struct iovec){.iov_base = bytes, .iov_len = length};
  }
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
  ssize_t sent;
  do {
    sent = sendmsg(a.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return number(env, outcome_of(sent));
}

// shutdown(fd): ends the output
napi_value call_shutdown(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
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
  return number(env, close(a.fd) == 0 ? 0 : -errno);
}

// release(fd, watched): the poller knows nothing of it any more, and it stays open
napi_value call_release(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.fd < 0) return number(env, -EBADF);
  int failed = flag_at(&a, 1) ? mr_poller_watch(a.poller, a.fd, 0, true) : 0;
  mr_poller_give_up(a.poller, a.fd);
  return number(env, failed);
}
