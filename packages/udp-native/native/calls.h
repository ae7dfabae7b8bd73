// The functions that JavaScript calls on a socket that is open. They return numbers, negated errnos among them; src/binding.ts has
// their types.
#ifndef MILLRACE_CALLS_H
#define MILLRACE_CALLS_H

#include <node_api.h>

napi_value call_bind_socket(napi_env env, napi_callback_info info);
napi_value call_connect_socket(napi_env env, napi_callback_info info);
napi_value call_set_option(napi_env env, napi_callback_info info);
napi_value call_multicast_interface(napi_env env, napi_callback_info info);
napi_value call_join_group(napi_env env, napi_callback_info info);
napi_value call_start(napi_env env, napi_callback_info info);
napi_value call_local_address(napi_env env, napi_callback_info info);
napi_value call_remote_address(napi_env env, napi_callback_info info);
napi_value call_sender(napi_env env, napi_callback_info info);
napi_value call_find(napi_env env, napi_callback_info info);
napi_value call_keep(napi_env env, napi_callback_info info);
napi_value call_forget(napi_env env, napi_callback_info info);
napi_value call_aim(napi_env env, napi_callback_info info);
napi_value call_flush(napi_env env, napi_callback_info info);
napi_value call_watch_writable(napi_env env, napi_callback_info info);
napi_value call_close_socket(napi_env env, napi_callback_info info);

#endif
