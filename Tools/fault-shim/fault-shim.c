// Makes calls of the real binary fail as a broken disk would: loaded with LD_PRELOAD.
//
//   FAULT_PATH    only this directory and what is below it is looked at
//   FAULT_CALL    write | fdatasync | fsync | rename | open | read | fallocate | ftruncate | unlink;
//                 several with commas, which are then counted together
//   FAULT_NTH     which of these calls fails, counted from 1 over the whole process; 0: none
//   FAULT_ALL     1: every later one, too
//   FAULT_EFFECT  EIO (default) | ENOSPC | EDQUOT: the call fails and does nothing;
//                 SHORT: a write or read does half of its bytes; SKIP: the call does nothing and
//                 says that all went well
//   FAULT_STATE   a file that is kept up to date while the process lives, however it ends: 64-bit
//                 integers of the machine's byte order, see `struct state`. Its first one, written
//                 by whoever watches, is added to the wall clock (nanoseconds).
//
// Descriptors are told apart through /proc/self/fd, so that no table of its own can be wrong.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum call { WRITE, FDATASYNC, FSYNC, RENAME, OPEN, READ, FALLOCATE, FTRUNCATE, UNLINK, CALLS };

static const char *const names[CALLS] = {"write", "fdatasync", "fsync",     "rename", "open",
                                         "read",  "fallocate", "ftruncate", "unlink"};

enum verdict { GO_ON, FAIL, SHORT, SKIP };

struct state {
  _Atomic long clock_offset_ns;
  _Atomic long hits;          // calls that were made to go wrong
  _Atomic long counts[CALLS]; // calls of each kind, in the order of `names`
};

static struct state own;
static struct state *state = &own;

static const char *root = "";
static size_t root_length;
static long nth;
static int all;
static int wanted[CALLS];
static enum verdict effect = FAIL;
static int code = EIO;
static _Atomic long matching;
// Nothing is looked at before the settings were read.
static _Atomic int is_ready;

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}

static void read_effect(const char *text) {
  if (strcmp(text, "ENOSPC") == 0) code = ENOSPC;
  if (strcmp(text, "EDQUOT") == 0) code = EDQUOT;
  if (strcmp(text, "SHORT") == 0) effect = SHORT;
  if (strcmp(text, "SKIP") == 0) effect = SKIP;
}

static void read_calls(const char *text) {
  while (*text) {
    size_t length = strcspn(text, ",");
    for (int call = 0; call < CALLS; call++)
      if (strlen(names[call]) == length && strncmp(text, names[call], length) == 0)
        wanted[call] = 1;
    text += length + (text[length] == ',');
  }
}

static void share_state(const char *path) {
  if (!*path) return;
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) return;
  if (ftruncate(file, sizeof(struct state)) == 0) {
    void *memory =
        mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) state = memory;
  }
  close(file);
}

__attribute__((constructor)) static void read_settings(void) {
  share_state(setting("FAULT_STATE"));
  root = setting("FAULT_PATH");
  root_length = strlen(root);
  nth = atol(setting("FAULT_NTH"));
  all = *setting("FAULT_ALL") == '1';
  read_effect(setting("FAULT_EFFECT"));
  read_calls(setting("FAULT_CALL"));
  atomic_store(&is_ready, root_length > 0);
}

static int below(const char *path) {
  return strncmp(path, root, root_length) == 0 &&
         (path[root_length] == 0 || path[root_length] == '/');
}

static int descriptor_below(int descriptor) {
  if (descriptor < 0) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return below(path);
}

static int at_below(int directory, const char *path) {
  return *path == '/' ? below(path) : descriptor_below(directory);
}

// The call is one of ours: counts it. With FAIL, errno is set.
static enum verdict judge(enum call call) {
  atomic_fetch_add(&state->counts[call], 1);
  if (!wanted[call] || nth <= 0) return GO_ON;
  long n = atomic_fetch_add(&matching, 1) + 1;
  if (n < nth || (n > nth && !all)) return GO_ON;
  atomic_fetch_add(&state->hits, 1);
  if (effect == FAIL) errno = code;
  return effect;
}

static enum verdict on_descriptor(enum call call, int descriptor) {
  if (!atomic_load(&is_ready)) return GO_ON;
  int before = errno;
  int ours = descriptor_below(descriptor);
  errno = before;
  return ours ? judge(call) : GO_ON;
}

static enum verdict on_path(enum call call, int directory, const char *path) {
  if (!atomic_load(&is_ready)) return GO_ON;
  int before = errno;
  int ours = at_below(directory, path);
  errno = before;
  return ours ? judge(call) : GO_ON;
}

#define REAL(name)                                                                               \
  static __typeof__(&name) real;                                                                 \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

// Reading and writing. To skip one is to claim that all bytes were dealt with.

#define AT_OFFSET(name, call, bytes_type, offset_type)                                           \
  ssize_t name(int descriptor, bytes_type bytes, size_t count, offset_type offset) {             \
    REAL(name);                                                                                  \
    switch (on_descriptor(call, descriptor)) {                                                   \
      case FAIL: return -1;                                                                      \
      case SKIP: return (ssize_t)count;                                                          \
      case SHORT: return real(descriptor, bytes, count / 2, offset);                             \
      case GO_ON: break;                                                                         \
    }                                                                                            \
    return real(descriptor, bytes, count, offset);                                               \
  }
AT_OFFSET(pwrite, WRITE, const void *, off_t)
AT_OFFSET(pwrite64, WRITE, const void *, off64_t)
AT_OFFSET(pread, READ, void *, off_t)
AT_OFFSET(pread64, READ, void *, off64_t)

#define IN_SEQUENCE(name, call, bytes_type)                                                      \
  ssize_t name(int descriptor, bytes_type bytes, size_t count) {                                 \
    REAL(name);                                                                                  \
    switch (on_descriptor(call, descriptor)) {                                                   \
      case FAIL: return -1;                                                                      \
      case SKIP: return (ssize_t)count;                                                          \
      case SHORT: return real(descriptor, bytes, count / 2);                                     \
      case GO_ON: break;                                                                         \
    }                                                                                            \
    return real(descriptor, bytes, count);                                                       \
  }
IN_SEQUENCE(write, WRITE, const void *)
IN_SEQUENCE(read, READ, void *)

// Calls that answer 0 or -1. There is no half of them: SHORT leaves them alone.

#define OR_FAIL(verdict, done)                                                                   \
  switch (verdict) {                                                                             \
    case FAIL: return -1;                                                                        \
    case SKIP: return 0;                                                                         \
    case SHORT:                                                                                  \
    case GO_ON: break;                                                                           \
  }                                                                                              \
  return done

int fdatasync(int descriptor) {
  REAL(fdatasync);
  OR_FAIL(on_descriptor(FDATASYNC, descriptor), real(descriptor));
}
int fsync(int descriptor) {
  REAL(fsync);
  OR_FAIL(on_descriptor(FSYNC, descriptor), real(descriptor));
}
int ftruncate(int descriptor, off_t size) {
  REAL(ftruncate);
  OR_FAIL(on_descriptor(FTRUNCATE, descriptor), real(descriptor, size));
}
int ftruncate64(int descriptor, off64_t size) {
  REAL(ftruncate64);
  OR_FAIL(on_descriptor(FTRUNCATE, descriptor), real(descriptor, size));
}
int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  REAL(fallocate);
  OR_FAIL(on_descriptor(FALLOCATE, descriptor), real(descriptor, mode, offset, size));
}
int fallocate64(int descriptor, int mode, off64_t offset, off64_t size) {
  REAL(fallocate64);
  OR_FAIL(on_descriptor(FALLOCATE, descriptor), real(descriptor, mode, offset, size));
}
int rename(const char *from, const char *to) {
  REAL(rename);
  OR_FAIL(on_path(RENAME, AT_FDCWD, to), real(from, to));
}
int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  REAL(renameat);
  OR_FAIL(on_path(RENAME, to_directory, to), real(from_directory, from, to_directory, to));
}
int unlink(const char *path) {
  REAL(unlink);
  OR_FAIL(on_path(UNLINK, AT_FDCWD, path), real(path));
}
int unlinkat(int directory, const char *path, int flags) {
  REAL(unlinkat);
  OR_FAIL(on_path(UNLINK, directory, path), real(directory, path, flags));
}

// These answer with the error itself and leave errno alone.

#define ALLOCATE(name, offset_type)                                                              \
  int name(int descriptor, offset_type offset, offset_type size) {                               \
    REAL(name);                                                                                  \
    int before = errno;                                                                          \
    enum verdict verdict = on_descriptor(FALLOCATE, descriptor);                                 \
    errno = before;                                                                              \
    if (verdict == FAIL) return code;                                                            \
    return verdict == SKIP ? 0 : real(descriptor, offset, size);                                 \
  }
ALLOCATE(posix_fallocate, off_t)
ALLOCATE(posix_fallocate64, off64_t)

// Opening. To skip it would leave nothing to answer with: SKIP and SHORT leave it alone.

#define MODE_OF(flags)                                                                           \
  mode_t mode = 0;                                                                               \
  if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {                                   \
    va_list list;                                                                                \
    va_start(list, flags);                                                                       \
    mode = va_arg(list, mode_t);                                                                 \
    va_end(list);                                                                                \
  }

#define OPENER(name)                                                                             \
  int name(const char *path, int flags, ...) {                                                   \
    REAL(name);                                                                                  \
    MODE_OF(flags)                                                                               \
    return on_path(OPEN, AT_FDCWD, path) == FAIL ? -1 : real(path, flags, mode);                 \
  }
OPENER(open)
OPENER(open64)

#define OPENER_AT(name)                                                                          \
  int name(int directory, const char *path, int flags, ...) {                                    \
    REAL(name);                                                                                  \
    MODE_OF(flags)                                                                               \
    return on_path(OPEN, directory, path) == FAIL ? -1 : real(directory, path, flags, mode);     \
  }
OPENER_AT(openat)
OPENER_AT(openat64)

// The wall clock, which may be set while the process runs. Clocks that only count stay true.

int clock_gettime(clockid_t clock, struct timespec *time) {
  REAL(clock_gettime);
  int result = real(clock, time);
  long offset = atomic_load(&state->clock_offset_ns);
  if (result != 0 || offset == 0) return result;
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return result;
  long nanoseconds = time->tv_nsec + offset % 1000000000;
  time->tv_sec += offset / 1000000000;
  if (nanoseconds < 0) nanoseconds += 1000000000, time->tv_sec -= 1;
  if (nanoseconds >= 1000000000) nanoseconds -= 1000000000, time->tv_sec += 1;
  time->tv_nsec = nanoseconds;
  return result;
}
