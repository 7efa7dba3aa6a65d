// Tells the Thread Sanitizer what it can't see in the libraries of the Swift runtime, which are not
// instrumented: what happens before what. Without it, whatever goes from thread to thread looks like
// a race. Nothing changes but that.
//
// 1. Tasks and continuations. The runtime can say itself when one goes on where another ended. On
//    other systems the sanitizer asks it to when it starts; on Linux nobody does.
//    See TracedContinuations.swift for the rest.
// 2. A contended Synchronization.Mutex. The quick way through it is inlined into our code, and the
//    sanitizer sees its atomic exchange. When another thread holds or waits for the lock, the library
//    asks the kernel. Two functions stand in front of the library's (what is linked into the program
//    wins), call them, and say what they did.
#include "happens_before.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

// _MutexHandle._lockSlow(_: UInt32) and _MutexHandle._unlockSlow()
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

void __tsan_acquire(void *address);
void __tsan_release(void *address);

typedef __attribute__((swiftcall)) void lock_slow(
    uint32_t thread, __attribute__((swift_context)) void *handle);
typedef __attribute__((swiftcall)) void unlock_slow(
    __attribute__((swift_context)) void *handle);

lock_slow dispatcher_lock_slow __asm__(LOCK);
unlock_slow dispatcher_unlock_slow __asm__(UNLOCK);

void *swift_task_getCurrent(void);

void dispatcher_continuation_resumed(void) { __tsan_acquire(swift_task_getCurrent()); }

// In libswiftCore: looks the sanitizer's functions up and calls them from then on.
void __tsan_on_initialize(void);

__attribute__((constructor)) static void watch_tasks(void) { __tsan_on_initialize(); }

static void *in_library(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

__attribute__((swiftcall)) void dispatcher_lock_slow(
    uint32_t thread, __attribute__((swift_context)) void *handle) {
  ((lock_slow *)in_library(LOCK))(thread, handle);
  __tsan_acquire(handle);
}

__attribute__((swiftcall)) void dispatcher_unlock_slow(
    __attribute__((swift_context)) void *handle) {
  __tsan_release(handle);
  ((unlock_slow *)in_library(UNLOCK))(handle);
}

#endif
#endif
