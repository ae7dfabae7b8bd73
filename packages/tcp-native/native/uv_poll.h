// The little of libuv that is used, declared here. Its ABI is fixed for all of 1.x, and Node exports these to addons. The
// headers of libuv come with Node's own tree and not with the package node-api-headers; a declaration of a few functions asks
// for neither. What the handle looks like is never known: its size is asked for (uv_handle_size).
// http://docs.libuv.org/en/v1.x/poll.html
#ifndef MILLRACE_UV_POLL_H
#define MILLRACE_UV_POLL_H

#include <stddef.h>

typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_poll_s uv_poll_t;

typedef void (*uv_poll_cb)(uv_poll_t *handle, int status, int events);
typedef void (*uv_close_cb)(uv_handle_t *handle);

enum { UV_READABLE = 1, UV_WRITABLE = 2 };
// Its place in uv_handle_type.
enum { UV_POLL = 8 };

size_t uv_handle_size(int type);
void uv_handle_set_data(uv_handle_t *handle, void *data);
void *uv_handle_get_data(const uv_handle_t *handle);
int uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback);
void uv_ref(uv_handle_t *handle);
void uv_unref(uv_handle_t *handle);
void uv_close(uv_handle_t *handle, uv_close_cb callback);

#endif
