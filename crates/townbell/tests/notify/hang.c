// A disk that stops: preloaded into a program, a sync waits for as long as the file HANG_WHILE exists.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void hang(void) {
    const char *file = getenv("HANG_WHILE");
    while (file && access(file, F_OK) == 0) usleep(20000);
}

int fsync(int descriptor) {
    hang();
    return (int)syscall(SYS_fsync, descriptor);
}

int fdatasync(int descriptor) {
    hang();
    return (int)syscall(SYS_fdatasync, descriptor);
}
