// What a bad host does to every process on it: its clock is wrong, its disk answers EIO, the disk of its log is full. Loaded
// before libc (LD_PRELOAD); a file that all processes map says what is wrong now.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct told {
    volatile int64_t ahead; // seconds that the clock is ahead
    volatile int64_t eio; // files whose name holds ".db" cannot be written
    volatile int64_t no_log; // standard error has no room
};

static struct told *told;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("NEMESIS_HOST");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *map = mmap(NULL, sizeof(struct told), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED) told = map;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(clock, at);
    if (done == 0 && told && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += told->ahead;
    return done;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

static int is_sick(int fd) {
    char link[32], name[4096];
    if (!told || !told->eio) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length <= 0) return 0;
    name[length] = 0;
    return strstr(name, ".db") != NULL;
}

static ssize_t put(int fd, const void *bytes, size_t count, off_t at) {
    if (is_sick(fd)) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return put(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return put(fd, bytes, count, at);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (fd == 2 && told && told->no_log) {
        errno = ENOSPC;
        return -1;
    }
    if (is_sick(fd)) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_write, fd, bytes, count);
}

static int sync_with(int call, int fd) {
    if (is_sick(fd)) {
        errno = EIO;
        return -1;
    }
    return syscall(call, fd);
}

int fsync(int fd) {
    return sync_with(SYS_fsync, fd);
}

int fdatasync(int fd) {
    return sync_with(SYS_fdatasync, fd);
}
