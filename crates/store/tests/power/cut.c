// A power cut, for tests: preloaded into a program (LD_PRELOAD), it remembers of every file whose path begins with
// CUT_PREFIX what is not yet on the disk, and at a chosen moment ends the program and leaves the files as a disk might
// hold them: what was synced is there; of what was not, each write by itself is kept, lost, or torn between sectors.
//
// Nothing is really synced, so it is fast. Rules of the disk that it plays:
//  - a sector of 512 B is written whole or not at all; bytes beside a write are never hurt;
//  - writes and changes of length since the last sync reach the disk in any order or never;
//  - a new name and a removal hold once their folder is synced, or a file that is new since then: changes of names reach
//    the disk in their order (so it is with ext4 and XFS; POSIX promises less). Until then a new file may be gone, and
//    a removed one be back;
//  - what a failed sync was about is not made good by a later sync that succeeds: the kernel may have dropped it;
//  - shared memory (-shm) is no file of the disk: it may be gone afterwards.
// What it cannot play (a rename, a writable mapping, a vectored write or an allocation of a watched file) ends the
// program with 98, so that nothing escapes it unseen. Duplicated descriptors would; the store makes none.
//
// Operations are counted: making a file, writing, changing a length, syncing, removing. By environment:
//  CUT_PREFIX      what to watch; without it everything passes
//  CUT_SEED        what the disk does, repeatably
//  CUT_AT          cut before this operation (from 1); status 97
//  CUT_AT_END      cut at the orderly end of the program; its own status
//  CUT_LIE         every sync says that it succeeded, and does nothing
//  CUT_FAIL_SYNC   this sync (from 1) fails with EIO; only those of paths that end in CUT_SYNC_OF are counted, if it is
//                  given
//  CUT_FAIL_WRITE  this write, change of length or new file (from 1) fails with CUT_ERRNO; with ENOSPC half of it is
//                  written first
//  CUT_ROOM        bytes that all watched files together may take; more is refused with ENOSPC
//  CUT_ARMED       failures and the room count only while this file exists
// At the end a line is written to CUT_REPORT: what was counted.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SECTOR = 512, DESCRIPTORS = 4096, STATUS_CUT = 97, STATUS_CANNOT = 98 };

// Since when a change waits for the disk: it is open until a sync. `SURE` is on the disk, kept in the list because an
// older change of the same file is not; `FAILED` was dropped by a sync that failed.
enum fate { OPEN, SURE, FAILED };

struct change {
    struct change *older, *newer;
    enum fate fate;
    bool is_write;            // else a change of length to `at`
    off_t at, length_before;
    size_t count, count_before;
    unsigned char *bytes, *before;  // written; and what was there, as far as the file reached
};

struct file {
    struct file *next;        // newest first
    char path[512], grave[544];
    int descriptor;           // our own, never closed: closing one would drop the program's locks
    bool named, removed;      // its name is on the disk; it was removed, and lies in `grave`
    struct change *oldest, *newest;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static struct file folder;    // stands for the folder of the watched files in `opened`
static struct file *opened[DESCRIPTORS];
static const char *prefix, *armed, *report, *sync_of;
static bool lie, cut_at_end, sync_failed, folder_failed;
static long cut_at, fail_sync, fail_write, room, operations, writes, syncs, syncs_after_failure;
static int fail_errno;
static uint64_t dice;

static bool ends_with(const char *path, const char *ending) {
    size_t count = strlen(path), part = ending ? strlen(ending) : 0;
    return count >= part && !strcmp(path + count - part, ending ? ending : "");
}

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

__attribute__((constructor)) static void begin(void) {
    prefix = getenv("CUT_PREFIX");
    armed = getenv("CUT_ARMED");
    report = getenv("CUT_REPORT");
    sync_of = getenv("CUT_SYNC_OF");
    dice = (uint64_t)number("CUT_SEED");
    cut_at = number("CUT_AT");
    cut_at_end = number("CUT_AT_END");
    lie = number("CUT_LIE");
    fail_sync = number("CUT_FAIL_SYNC");
    fail_write = number("CUT_FAIL_WRITE");
    fail_errno = (int)number("CUT_ERRNO");
    room = number("CUT_ROOM");
    if (!prefix) return;
    strncpy(folder.path, prefix, sizeof folder.path - 1);
    *strrchr(folder.path, '/') = 0;
}

static uint64_t roll(uint64_t sides) {  // splitmix64
    uint64_t z = (dice += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % sides;
}

_Noreturn static void cannot(const char *what) {
    dprintf(2, "cut: cannot play %s of a watched file\n", what);
    _exit(STATUS_CANNOT);
}

static off_t length(struct file *file) {
    struct stat status;
    if (fstat(file->descriptor, &status)) cannot("the length");
    return status.st_size;
}

static void put(struct file *file, const void *bytes, size_t count, off_t at) {
    while (count > 0) {
        long done = syscall(SYS_pwrite64, file->descriptor, bytes, count, at);
        if (done <= 0) cannot("the disk: no room for the test itself");
        bytes = (const char *)bytes + done, at += done, count -= (size_t)done;
    }
}

static void set_length(struct file *file, off_t to) {
    if (syscall(SYS_ftruncate, file->descriptor, to)) cannot("a change of length");
}

// ---- what the disk holds after the cut

static void undo(struct file *file, struct change *change) {
    put(file, change->before, change->count_before, change->at);
    set_length(file, change->length_before);
}

static void redo(struct file *file, struct change *change, bool torn) {
    if (!change->is_write) {
        set_length(file, change->at);
        return;
    }
    size_t from = 0;
    while (from < change->count) {
        size_t to = from + SECTOR - (size_t)(change->at + (off_t)from) % SECTOR;
        if (to > change->count) to = change->count;
        if (!torn || roll(2)) put(file, change->bytes + from, to - from, change->at + (off_t)from);
        from = to;
    }
}

static void settle(struct file *file, uint64_t kept, uint64_t torn) {
    for (struct change *c = file->newest; c; c = c->older) undo(file, c);
    for (struct change *c = file->oldest; c; c = c->newer) {
        uint64_t fate = roll(100);
        if (c->fate == SURE || fate < kept) redo(file, c, false);
        else if (fate < kept + torn && c->is_write) redo(file, c, true);
    }
}

static void name(struct file *file) {  // newest first, so that a name that is taken by a later file stays with it
    if (!file->removed && !file->named && roll(2)) syscall(SYS_unlinkat, AT_FDCWD, file->path, 0);
    if (!file->removed) return;
    bool back = file->named && roll(2) && access(file->path, F_OK);
    if (back) syscall(SYS_renameat2, AT_FDCWD, file->grave, AT_FDCWD, file->path, 0);
    else syscall(SYS_unlinkat, AT_FDCWD, file->grave, 0);
}

static void tell(const char *end) {
    int out = report ? (int)syscall(SYS_openat, AT_FDCWD, report, O_WRONLY | O_CREAT | O_TRUNC, 0600) : 2;
    dprintf(out, "%s operations %ld writes %ld syncs %ld syncs_after_failure %ld folder_failed %d\n", end, operations,
            writes, syncs, syncs_after_failure, folder_failed);
}

static void cut(void) {
    uint64_t kept = roll(101), torn = roll(101 - kept);
    if (!roll(5)) kept = 0, torn = 0;  // often enough exactly what was synced
    for (struct file *file = files; file; file = file->next) settle(file, kept, torn);
    for (struct file *file = files; file; file = file->next) name(file);
    if (roll(2)) {
        char shared[640];
        for (struct file *file = files; file; file = file->next) {
            snprintf(shared, sizeof shared, "%s-shm", file->path);
            syscall(SYS_unlinkat, AT_FDCWD, shared, 0);
        }
    }
    tell("cut");
}

__attribute__((destructor)) static void end(void) {
    if (!prefix) return;
    pthread_mutex_lock(&lock);
    if (cut_at_end) cut();  // and the lock is kept: nothing is written after it
    else tell("end"), pthread_mutex_unlock(&lock);
}

// ---- what the program does

static struct file *watched(int descriptor) {
    return prefix && descriptor >= 0 && descriptor < DESCRIPTORS ? opened[descriptor] : NULL;
}

static void count_operation(void) {
    if (++operations != cut_at) return;
    cut();
    _exit(STATUS_CUT);
}

static bool is_armed(void) {
    return !armed || !access(armed, F_OK);
}

// Whether this write is to fail; `*count` becomes what may be written of it.
static bool fails(struct file *file, off_t at, size_t *count) {
    if (!is_armed()) return false;
    writes++;
    if (room > 0 && *count > 0 && at + (off_t)*count > length(file)) {
        long taken = 0;
        for (struct file *f = files; f; f = f->next) taken += f->removed ? 0 : length(f);
        if (taken + at + (long)*count - length(file) > room) {
            errno = ENOSPC;
            return true;
        }
    }
    if (fail_write == 0 || writes < fail_write) return false;
    if (fail_errno == ENOSPC && writes == fail_write && *count > 1) {
        *count /= 2;
        return false;
    }
    if (writes > fail_write + (fail_errno == ENOSPC)) return false;
    errno = fail_errno;
    return true;
}

static void remember(struct file *file, bool is_write, off_t at, const void *bytes, size_t count) {
    struct change *change = calloc(1, sizeof *change);
    off_t long_before = length(file);
    off_t to = is_write ? at + (off_t)count : long_before;
    if (to > long_before) to = long_before;
    change->is_write = is_write, change->at = at, change->count = count, change->length_before = long_before;
    change->count_before = to > at ? (size_t)(to - at) : 0;
    change->before = malloc(change->count_before + 1);
    if (pread(file->descriptor, change->before, change->count_before, at) != (ssize_t)change->count_before)
        cannot("a short read");
    change->bytes = malloc(count + 1);
    memcpy(change->bytes, bytes, count);
    change->older = file->newest;
    *(file->newest ? &file->newest->newer : &file->oldest) = change;
    file->newest = change;
}

static ssize_t write_at(struct file *file, const void *bytes, size_t count, off_t at) {
    pthread_mutex_lock(&lock);
    count_operation();
    ssize_t done = -1;
    if (!fails(file, at, &count)) {
        remember(file, true, at, bytes, count);
        put(file, bytes, count, at);
        done = (ssize_t)count;
    }
    pthread_mutex_unlock(&lock);
    return done;
}

static int change_length(struct file *file, off_t to) {
    pthread_mutex_lock(&lock);
    count_operation();
    off_t now = length(file);
    size_t more = to > now ? (size_t)(to - now) : 0;
    bool failed = fails(file, now, &more);
    if (!failed && to != now) {
        remember(file, false, to, "", 0);
        set_length(file, to);
    }
    pthread_mutex_unlock(&lock);
    return failed ? -1 : 0;
}

static void forget(struct file *file) {
    bool failed = false;
    for (struct change *c = file->oldest; c; c = c->newer) failed |= c->fate == FAILED;
    for (struct change *c = file->oldest, *newer; c; c = newer) {
        newer = c->newer;
        if (c->fate == OPEN) c->fate = SURE;
        if (failed) continue;
        free(c->bytes), free(c->before), free(c);
    }
    if (!failed) file->oldest = file->newest = NULL;
}

// All changes of names are on the disk.
static void settle_names(void) {
    for (struct file *file = files; file; file = file->next) {
        if (file->removed) syscall(SYS_unlinkat, AT_FDCWD, file->grave, 0);
        file->named = !file->removed;
    }
}

static int sync_file(struct file *file) {
    pthread_mutex_lock(&lock);
    count_operation();
    syncs_after_failure += sync_failed;
    bool counts = is_armed() && ends_with(file->path, sync_of);
    bool fail = counts && ++syncs == fail_sync;
    if (fail) {
        sync_failed = true, folder_failed = file == &folder;
        for (struct change *c = file->oldest; c; c = c->newer)
            if (c->fate == OPEN) c->fate = FAILED;
    } else if (!lie) {
        forget(file);
        if (file == &folder || (!file->named && !file->removed)) settle_names();
    }
    pthread_mutex_unlock(&lock);
    if (fail) errno = EIO;
    return fail ? -1 : 0;
}

static bool is_watched(const char *path) {
    if (!prefix || strncmp(path, prefix, strlen(prefix))) return false;
    return !ends_with(path, "-shm");
}

static struct file *find(const char *path) {
    struct file *file = files;
    while (file && (file->removed || strcmp(file->path, path))) file = file->next;
    return file;
}

static struct file *meet(const char *path, bool named) {
    struct file *file = calloc(1, sizeof *file);
    strncpy(file->path, path, sizeof file->path - 1);
    file->descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    file->named = named;
    file->next = files;
    return files = file;
}

static int open_file(const char *path, int flags, mode_t mode) {
    bool is_folder = prefix && !strcmp(path, folder.path);
    if (!is_folder && !is_watched(path)) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    pthread_mutex_lock(&lock);
    bool made = !is_folder && (flags & O_CREAT) && access(path, F_OK);
    int descriptor = -1;
    size_t nothing = 0;
    if (made) count_operation();
    if (!made || !fails(&folder, 0, &nothing))
        descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, flags & ~O_TRUNC, mode);
    if (descriptor >= DESCRIPTORS || strlen(path) >= sizeof folder.path) cannot("so many descriptors or so long a path");
    struct file *file = &folder;
    if (descriptor >= 0 && !is_folder) {
        file = find(path);
        if (!file) file = meet(path, !made);
    }
    if (descriptor >= 0) opened[descriptor] = file;
    pthread_mutex_unlock(&lock);
    if (descriptor >= 0 && (flags & O_TRUNC)) change_length(file, 0);
    return descriptor;
}

static int remove_file(const char *path) {
    static int graves;
    pthread_mutex_lock(&lock);
    struct file *file = find(path);
    if (!file && !access(path, F_OK)) file = meet(path, true);  // it was never opened here
    long done = -1;
    if (file) {
        count_operation();
        snprintf(file->grave, sizeof file->grave, "%s.cut%d", path, graves++);
        done = syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, file->grave, 0);
        file->removed = true;
    } else {
        errno = ENOENT;
    }
    pthread_mutex_unlock(&lock);
    return (int)done;
}

// ---- the functions of the C library that stand before it; the real ones are system calls

#define MODE(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list list; \
        va_start(list, flags); \
        mode = va_arg(list, mode_t); \
        va_end(list); \
    }

int open(const char *path, int flags, ...) { MODE(flags, mode) return open_file(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, mode) return open_file(path, flags | O_LARGEFILE, mode); }

int openat(int at, const char *path, int flags, ...) {
    MODE(flags, mode)
    if (*path == '/' || at == AT_FDCWD) return open_file(path, flags, mode);
    return (int)syscall(SYS_openat, at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) { MODE(flags, mode) return openat(at, path, flags, mode); }

int close(int descriptor) {
    if (watched(descriptor)) opened[descriptor] = NULL;
    return (int)syscall(SYS_close, descriptor);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t at) {
    struct file *file = watched(descriptor);
    return file ? write_at(file, bytes, count, at) : syscall(SYS_pwrite64, descriptor, bytes, count, at);
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t at) {
    return pwrite(descriptor, bytes, count, at);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    struct file *file = watched(descriptor);
    if (!file) return syscall(SYS_write, descriptor, bytes, count);
    bool appends = fcntl(descriptor, F_GETFL) & O_APPEND;
    off_t at = lseek(descriptor, 0, appends ? SEEK_END : SEEK_CUR);
    ssize_t done = write_at(file, bytes, count, at);
    if (done > 0) lseek(descriptor, at + done, SEEK_SET);
    return done;
}

int ftruncate(int descriptor, off_t to) {
    struct file *file = watched(descriptor);
    return file ? change_length(file, to) : (int)syscall(SYS_ftruncate, descriptor, to);
}
int ftruncate64(int descriptor, off_t to) { return ftruncate(descriptor, to); }

int fallocate(int descriptor, int mode, off_t at, off_t count) {
    if (watched(descriptor)) cannot("an allocation");
    return (int)syscall(SYS_fallocate, descriptor, mode, at, count);
}
int fallocate64(int descriptor, int mode, off_t at, off_t count) { return fallocate(descriptor, mode, at, count); }
int posix_fallocate(int descriptor, off_t at, off_t count) { return fallocate(descriptor, 0, at, count) ? errno : 0; }
int posix_fallocate64(int descriptor, off_t at, off_t count) { return posix_fallocate(descriptor, at, count); }

int fsync(int descriptor) {
    struct file *file = watched(descriptor);
    return file ? sync_file(file) : (int)syscall(SYS_fsync, descriptor);
}
int fdatasync(int descriptor) {
    struct file *file = watched(descriptor);
    return file ? sync_file(file) : (int)syscall(SYS_fdatasync, descriptor);
}

int unlink(const char *path) {
    return is_watched(path) ? remove_file(path) : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int rename(const char *from, const char *to) {
    if (is_watched(from) || is_watched(to)) cannot("a rename");
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

void *mmap(void *where, size_t count, int protection, int flags, int descriptor, off_t at) {
    if (watched(descriptor) && (protection & PROT_WRITE) && !(flags & MAP_PRIVATE)) cannot("a writable mapping");
    return (void *)syscall(SYS_mmap, where, count, protection, flags, descriptor, at);
}
void *mmap64(void *where, size_t count, int protection, int flags, int descriptor, off_t at) {
    return mmap(where, count, protection, flags, descriptor, at);
}

ssize_t writev(int descriptor, const struct iovec *pieces, int count) {
    if (watched(descriptor)) cannot("a vectored write");
    return syscall(SYS_writev, descriptor, pieces, count);
}
ssize_t pwritev(int descriptor, const struct iovec *pieces, int count, off_t at) {
    if (watched(descriptor)) cannot("a vectored write");
    return syscall(SYS_pwritev, descriptor, pieces, count, at, 0);
}
ssize_t pwritev64(int descriptor, const struct iovec *pieces, int count, off_t at) {
    return pwritev(descriptor, pieces, count, at);
}
ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t count, unsigned flags) {
    if (watched(to)) cannot("a copy into");
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, count, flags);
}
