// One socket as JavaScript holds it, and what all sockets of one JavaScript environment (a thread) share.
#ifndef MILLRACE_HANDLE_H
#define MILLRACE_HANDLE_H

#define NAPI_VERSION 8
#include <node_api.h>

#include "receive.h"
#include "send.h"
#include "uv_poll.h"

// Datagrams of one call into JavaScript.
#define MR_BATCH_ENTRIES 512

// What JavaScript reads of each datagram.
typedef struct {
  uint32_t offset;   // in the slab
  uint32_t length;
  uint32_t peer;     // its number, or 0
  uint32_t message;  // for `sender`
} mr_entry;

typedef struct {
  napi_env env;
  uv_loop_t *loop;
  mr_area *area;
  mr_entry *entries;  // room for MR_BATCH_ENTRIES, JavaScript's
  napi_ref entries_ref;
  napi_ref on_slab;  // JavaScript's function that makes another slab
  napi_ref slab_ref;
  uint8_t *slab;
  size_t slab_size;
  size_t slab_used;
} mr_instance;

// Words that both sides read and write.
typedef struct {
  uint32_t collected;  // entries of the ring that wait for the end of the turn; left as it was by a flush that did not
                       // send them all
  uint32_t failed;     // of the last flush
  uint32_t stopped;    // of the last flush: an errno, or 0
  uint32_t delivering; // a batch is being given out (enum below); what is sent meanwhile is flushed after it
} mr_state;

// JavaScript makes the first the second where it keeps nothing of the batch.
enum { MR_DELIVERING = 1, MR_UNKEPT = 2 };

// How the memory of a socket is laid out that both sides use.
typedef struct {
  mr_state state;
  mr_failure failures[MR_RING];
  mr_outgoing entries[MR_RING];
  uint8_t bytes[MR_RING_BYTES];
} mr_shared;

typedef enum {
  MR_ON_BATCH,
  MR_ON_FLUSHED,
  MR_ON_WRITABLE,
  MR_ON_ERROR,
  MR_ON_CLOSED,
  MR_ON_TRUNCATED,
  MR_CALLBACKS
} mr_callback;

typedef struct {
  mr_instance *home;
  int fd;
  int family;
  uv_poll_t *poll;
  mr_area *own_area;  // only where messages are not of the usual size
  mr_peers peers;
  mr_ring ring;
  mr_shared *shared;
  napi_ref shared_ref;
  napi_ref callbacks[MR_CALLBACKS];
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  bool writable_wanted;
  bool closing;
  bool closed;
  bool unreachable;  // JavaScript has let go of it
  bool exiting;      // the environment is being torn down: no more calls
} mr_handle;

// Begins to receive. Returns 0, or a negated errno.
int mr_handle_start(mr_handle *handle);

// Also tells when the socket can be written to, once.
int mr_handle_watch_writable(mr_handle *handle);

// Sends what is collected; see mr_state. Returns how many entries are dealt with. `groups`: what goes to one peer may be put together first,
// so that the entries are in another order afterwards.
uint32_t mr_handle_flush(mr_handle *handle, bool groups);

// Receives nothing from now on and closes the descriptor; MR_ON_CLOSED is called later. Idempotent.
void mr_handle_close(mr_handle *handle);

// Frees what is closed and out of reach.
void mr_handle_release(mr_handle *handle);

mr_area *mr_handle_area(mr_handle *handle);

#endif
