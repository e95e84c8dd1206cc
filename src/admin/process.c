#include "admin/process.h"

#include "base/str.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

static void read_memory(struct tn_process *process)
{
    FILE              *file = fopen("/proc/self/statm", "re");
    unsigned long long total = 0, resident = 0;
    long               page = sysconf(_SC_PAGESIZE);

    if (file == NULL)
        return;
    if (fscanf(file, "%llu %llu", &total, &resident) == 2 && page > 0) {
        process->virtual_bytes = total * (uint64_t)page;
        process->resident_bytes = resident * (uint64_t)page;
    }
    fclose(file);
}

static uint64_t count_entries(const char *path)
{
    DIR           *dir = opendir(path);
    struct dirent *entry;
    uint64_t       n = 0;

    if (dir == NULL)
        return 0;
    while ((entry = readdir(dir)) != NULL)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

void tn_process_read(struct tn_process *process)
{
    struct rusage usage;
    struct rlimit limit;

    *process = (struct tn_process){0};
    read_memory(process);
    process->open_fds = count_entries("/proc/self/fd");
    process->threads = count_entries("/proc/self/task");
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        process->cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        process->max_fds = limit.rlim_cur;
}
