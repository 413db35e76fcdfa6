/* Preloaded into a process, this makes its wall clock wrong by SKEW_SECONDS; how long things take stays true. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

typedef int (*clock_reader)(clockid_t, struct timespec *);

int clock_gettime(clockid_t id, struct timespec *at) {
    clock_reader real = (clock_reader)dlsym(RTLD_NEXT, "clock_gettime");
    const char *skew = getenv("SKEW_SECONDS");
    int told = real(id, at);
    if (told == 0 && skew && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        at->tv_sec += atol(skew);
    return told;
}
