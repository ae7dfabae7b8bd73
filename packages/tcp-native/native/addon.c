// What JavaScript gets when it loads the binary. src/binding.ts is the only caller. What could make this side misbehave (a descriptor that is
// not ours, a wrong type) is checked, and nothing else.
#include <errno.h>
#include <stdlib.h>

#include "arguments.h"
#include "calls.h"

static void on_teardown(napi_async_cleanup_hook_handle hook, void *data) {
  mr_poller_stop(data);
}

// JavaScript's part of the poller. Returns whether it is fit to be used.
static bool take_parts(mr_poller *poller, napi_value ready, napi_value on_ready) {
  napi_env env = poller->env;
  napi_typedarray_type type;
  napi_valuetype kind;
  napi_value name;
  size_t length;
  void *data;
  if (napi_get_typedarray_info(env, ready, &type, &length, &data, NULL, NULL) != napi_ok || type != napi_int32_array) return false;
  if (length * sizeof(int32_t) < MR_MOST_READY * sizeof(mr_ready)) return false;
  if (napi_typeof(env, on_ready, &kind) != napi_ok || kind != napi_function) return false;
  poller->ready = data;
  return napi_create_reference(env, ready, 1, &poller->ready_ref) == napi_ok &&
         napi_create_reference(env, on_ready, 1, &poller->on_ready) == napi_ok &&
         napi_create_string_utf8(env, "MILLRACE_TCP", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_async_init(env, NULL, name, &poller->context) == napi_ok;
}

// setup(ready: Int32Array, onReady): once, before all else.
static napi_value setup(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  uv_loop_t *loop;
  if (a.poller->ready != NULL || !take_parts(a.poller, a.values[0], a.values[1])) return number(env, -EINVAL);
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return number(env, -EINVAL);
  int failed = mr_poller_start(a.poller, loop);
  if (failed) return number(env, failed);
  if (napi_add_async_cleanup_hook(env, on_teardown, a.poller, &a.poller->cleanup) == napi_ok) return number(env, 0);
  mr_poller_stop(a.poller);
  return number(env, -ENOMEM);
}

// Behind all cleanup hooks, and behind the last call.
static void free_poller(napi_env env, void *data, void *hint) {
  mr_poller *poller = data;
  if (poller->context != NULL) napi_async_destroy(env, poller->context);
  free(poller);
}

NAPI_MODULE_INIT() {
  mr_poller *poller = calloc(1, sizeof *poller);
  if (poller == NULL) return NULL;
  poller->env = env;
  poller->epoll = -1;
  if (napi_set_instance_data(env, poller, free_poller, NULL) != napi_ok) {
    free(poller);
    return NULL;
  }
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"setup", setup}, {"listen", call_listen}, {"accept", call_accept}, {"accepted", call_accepted}, {"local", call_local},
      {"watch", call_watch}, {"read", call_read}, {"write", call_write}, {"writeAll", call_write_all},
      {"shutdown", call_shutdown}, {"close", call_close}, {"release", call_release},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function = NULL;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, poller, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  napi_set_named_property(env, exports, "mostReady", number(env, MR_MOST_READY));
  return exports;
}
